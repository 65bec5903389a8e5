//! The part of a line of text that is in sight around the cursor.

use unicode_segmentation::UnicodeSegmentation;

use crate::text;

/// The part of `value` to show in `columns` columns, and the column of the cursor in it. `cursor` counts characters. The
/// text is shown inert, since what is edited may come from a server.
pub fn in_sight(value: &str, cursor: usize, columns: usize) -> (String, u16) {
    let at = value.char_indices().nth(cursor).map_or(value.len(), |(at, _)| at);
    let before = text::inert(&value[..at]);
    let shown = text::inert(value);
    let cursor = text::width(&before);
    // One column is left for the cursor behind the last character.
    let first = (cursor + 1).saturating_sub(columns.max(1));
    let (mut column, mut start) = (0, first);
    let mut part = String::new();
    for grapheme in shown.graphemes(true) {
        let wide = text::width(grapheme);
        if column >= first && column + wide <= first + columns {
            if part.is_empty() {
                start = column;
            }
            part.push_str(grapheme);
        }
        column += wide;
    }
    (part, (cursor - start.min(cursor)) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_cursor_stays_in_sight() {
        assert_eq!(in_sight("abc", 3, 10), ("abc".into(), 3));
        assert_eq!(in_sight("abcdef", 6, 4), ("def".into(), 3));
        assert_eq!(in_sight("abcdef", 0, 4), ("abcd".into(), 0));
        assert_eq!(in_sight("名前名前", 4, 4), ("前".into(), 2));
        assert_eq!(in_sight("\u{202e}x", 1, 20), ("<U+202E>x".into(), 8));
    }

    proptest! {
        #[test]
        fn any_text_fits(value in any::<String>(), cursor in 0usize..40, columns in 1usize..30) {
            let (part, column) = in_sight(&value, cursor, columns);
            prop_assert!(text::width(&part) <= columns);
            prop_assert!(usize::from(column) < columns);
        }
    }
}
