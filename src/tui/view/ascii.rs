//! The screen in ASCII alone, for terminals and fonts that have nothing else: a last pass over what was drawn.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

/// What stands for a glyph that the program draws.
const GLYPHS: [(&str, &str); 48] = [
    ("≠", "%"),
    ("●", "O"),
    ("○", "o"),
    ("◐", "~"),
    ("◓", "-"),
    ("◑", "\\"),
    ("◒", "|"),
    ("↻", "@"),
    ("✗", "x"),
    ("✓", "+"),
    ("▶", ">"),
    ("▸", ">"),
    ("▾", "v"),
    ("…", "."),
    ("•", "#"),
    ("‹", "<"),
    ("›", ">"),
    ("↑", "^"),
    ("↓", "v"),
    ("←", "<"),
    ("→", ">"),
    ("│", "|"),
    ("┃", "|"),
    ("─", "-"),
    ("━", "="),
    ("╸", "-"),
    ("┌", "+"),
    ("┐", "+"),
    ("└", "+"),
    ("┘", "+"),
    ("┏", "+"),
    ("┓", "+"),
    ("┗", "+"),
    ("┛", "+"),
    ("├", "+"),
    ("┤", "+"),
    ("┬", "+"),
    ("┴", "+"),
    ("┼", "+"),
    ("█", "#"),
    ("▌", "#"),
    ("░", "."),
    ("·", "."),
    ("×", "x"),
    ("◆", "A"),
    ("❯", ">"),
    ("“", "\""),
    ("”", "\""),
];

/// Replaces every cell that is not ASCII; a character of somebody's name becomes a question mark for each of its columns.
pub fn only(buffer: &mut Buffer) {
    let mut covered = 0_usize;
    for cell in &mut buffer.content {
        // The cell that a wide character covers is blank in the buffer, and shown once the character is narrow.
        if covered > 0 {
            covered -= 1;
            cell.set_symbol("?");
            continue;
        }
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        let columns = symbol.width();
        match GLYPHS.iter().find(|(glyph, _)| *glyph == symbol) {
            Some((_, ascii)) => {
                cell.set_symbol(ascii);
            }
            None => {
                covered = columns.saturating_sub(1);
                cell.set_symbol("?");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn glyphs_have_stand_ins_and_other_characters_keep_their_columns() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 14, 1));
        buffer.set_string(0, 0, "▶ ● 名é→e\u{301}|x", Style::new());
        only(&mut buffer);
        let row: String = buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert_eq!(row, "> O ???>?|x   ");
    }

    /// Kind: one sign for two things. `*` is the current user's, `-` and `!` are states and standings themselves.
    #[test]
    fn signs_that_are_told_apart_have_stand_ins_of_their_own() {
        let of =
            |sign: &'static str| GLYPHS.iter().find(|(glyph, _)| *glyph == sign).map_or(sign, |(_, a)| a);
        let signs = ["●", "↻", "◐", "○", "✗", "-", "*", "▸", "≠", "✓", "!", "·", "•", "◆"];
        let all: std::collections::HashSet<_> = signs.map(of).into();
        assert_eq!(all.len(), signs.len(), "{all:?}");
    }

    #[test]
    fn every_stand_in_is_one_column_of_ascii() {
        for (glyph, ascii) in GLYPHS {
            assert_eq!(glyph.width(), 1, "{glyph}");
            assert!(ascii.is_ascii() && ascii.len() == 1, "{glyph}");
        }
    }
}
