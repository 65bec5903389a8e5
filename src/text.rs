//! The one place that decides how text from elsewhere is shown: made inert, measured in columns, cut between graphemes.
//!
//! Labels, claims, custom data and error messages come from servers. Nothing in them may move the cursor, change the
//! terminal, reorder what stands beside them, or hide.

use std::borrow::Cow;
use std::iter::repeat_n;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The most marks that may sit on one letter; more of them paint over neighbouring rows.
const MOST_MARKS: usize = 4;

/// The text in at most `most` bytes, cut between characters; where something is missing it ends in `…`.
pub fn bounded(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(most.saturating_sub('…'.len_utf8()));
    Cow::Owned(format!("{}…", &text[..end]))
}

/// The text with everything that would act on the terminal, reorder or hide made visible: control characters as
/// control pictures (`␛`), others by their code point (`<U+202E>`).
pub fn inert(text: &str) -> Cow<'_, str> {
    if is_printable_ascii(text) {
        return Cow::Borrowed(text);
    }
    let mut shown: Option<String> = None;
    // A mark at the very start would sit on whatever is drawn before the text.
    let mut marks = MOST_MARKS;
    for (at, c) in text.char_indices() {
        match visible_form(c, &mut marks) {
            Some(form) => shown.get_or_insert_with(|| text[..at].to_owned()).push_str(&form),
            None => {
                if let Some(shown) = &mut shown {
                    shown.push(c);
                }
            }
        }
    }
    shown.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// What to show in place of `c`, where it may not be shown as it is. `marks` counts the marks since the last letter.
fn visible_form(c: char, marks: &mut usize) -> Option<String> {
    let form = match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).map(String::from),
        '\x7f' => Some('␡'.to_string()),
        _ if is_deceptive(c) => Some(code_point(c)),
        _ if c.width() == Some(0) => {
            *marks += 1;
            if *marks <= MOST_MARKS {
                return None;
            }
            Some(code_point(c))
        }
        _ => None,
    };
    *marks = 0;
    form
}

fn code_point(c: char) -> String {
    format!("<U+{:04X}>", u32::from(c))
}

/// Characters that take no room, change the direction of text, or select another look of their neighbour.
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' // C1 controls
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' // zero width, direction marks
        | '\u{2028}'..='\u{202e}' // line separators, direction overrides
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{ffa0}'
        | '\u{fe00}'..='\u{fe0f}' // variation selectors
        | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}') // tags, more variation selectors
}

/// Whether every character has one column and none joins its neighbours, so that nothing has to look for graphemes.
pub fn is_simple(text: &str) -> bool {
    is_printable_ascii(text) || text.chars().all(is_simple_character)
}

/// Printable ASCII, and of punctuation, arrows, box drawing and symbols what is neither wide nor a mark.
fn is_simple_character(c: char) -> bool {
    matches!(c, ' '..='~')
        || (matches!(c, '\u{2010}'..='\u{2bff}') && c.width() == Some(1) && !is_deceptive(c))
}

fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Columns of the text on the screen, grapheme by grapheme, as it is drawn.
pub fn width(text: &str) -> usize {
    if is_printable_ascii(text) {
        return text.len();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// The text in at most `columns` columns; where something is missing it ends in `…`.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    Cow::Owned(format!("{}…", head(text, columns - 1)))
}

/// The text in at most `columns` columns; where something is missing it is in the middle, for names that differ at the end.
pub fn cut_middle(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns || columns < 3 {
        return cut(text, columns);
    }
    let (first, last) = (columns / 2, columns - columns / 2 - 1);
    Cow::Owned(format!("{}…{}", head(text, first), tail(text, last)))
}

/// The text in exactly `columns` columns: cut, or filled with spaces.
pub fn fit(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let room = columns.saturating_sub(width(&text));
    let mut text = text.into_owned();
    text.extend(repeat_n(' ', room));
    text
}

/// Like [`fit`], with the text at the right end.
pub fn fit_right(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let room = columns.saturating_sub(width(&text));
    let mut fitted = " ".repeat(room);
    fitted.push_str(&text);
    fitted
}

/// The text in lines of at most `columns` columns, broken at spaces where that is possible.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let gap = usize::from(used > 0);
        if gap + used + width(word) > columns && used > 0 {
            lines.push(std::mem::take(&mut line));
            used = 0;
        } else if used > 0 {
            line.push(' ');
            used += 1;
        }
        for grapheme in word.graphemes(true) {
            let wide = grapheme.width();
            if used + wide > columns && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(grapheme);
            used += wide;
        }
    }
    lines.push(line);
    lines
}

/// As many leading graphemes as fit into `columns`.
fn head(text: &str, columns: usize) -> &str {
    if is_printable_ascii(text) {
        return &text[..columns.min(text.len())];
    }
    let mut used = 0;
    let end = text.grapheme_indices(true).find_map(|(at, grapheme)| {
        used += grapheme.width();
        (used > columns).then_some(at)
    });
    &text[..end.unwrap_or(text.len())]
}

/// As many graphemes of the end as fit into `columns`.
fn tail(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let start = text.grapheme_indices(true).rev().find_map(|(at, grapheme)| {
        used += grapheme.width();
        (used > columns).then_some(at + grapheme.len())
    });
    &text[start.unwrap_or(0)..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_acts_on_the_terminal_becomes_visible() {
        assert_eq!(inert("\x1b[2J\u{202e}evil"), "␛[2J<U+202E>evil");
        assert_eq!(inert("a\nb\tc\x7f\u{9b}"), "a␊b␉c␡<U+009B>");
        assert_eq!(inert("ada\u{200b}@example.com"), "ada<U+200B>@example.com");
        assert_eq!(inert("\u{e0041}"), "<U+E0041>");
    }

    #[test]
    fn honest_text_stays_as_it_is() {
        for text in ["ada@example.com", "Zoë", "名前", "e\u{301}", "한국", "🚀", "ولید"] {
            assert!(matches!(inert(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn marks_cannot_pile_up_or_sit_on_what_is_before() {
        assert_eq!(inert("\u{301}a"), "<U+0301>a");
        let piled = format!("a{}", "\u{301}".repeat(6));
        assert!(inert(&piled).contains("<U+0301>"));
    }

    #[test]
    fn text_is_cut_between_graphemes_by_columns() {
        assert_eq!(cut("ada@example.com", 6), "ada@e…");
        assert_eq!(cut("名前名前", 4), "名…");
        assert_eq!(cut("名前", 4), "名前");
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(cut_middle("provider_type", 9), "prov…type");
        assert_eq!(cut_middle("provider_type", 8), "prov…ype");
        assert_eq!(cut_middle("名前名前", 6), "名…前");
        assert_eq!((cut_middle("abc", 3), cut_middle("abc", 2)), ("abc".into(), "a…".into()));
        assert_eq!((fit("ab", 4), fit_right("ab", 4)), ("ab  ".into(), "  ab".into()));
    }

    #[test]
    fn text_wraps_between_words() {
        assert_eq!(wrap("the refresh token expired", 12), ["the refresh", "token", "expired"]);
        assert_eq!(wrap("next try in 0:08.", 14), ["next try in", "0:08."]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 5), [""]);
    }

    proptest! {
        #[test]
        fn inert_text_holds_nothing_that_acts(text in any::<String>()) {
            let shown = inert(&text);
            prop_assert!(shown.chars().all(|c| !c.is_control() && !is_deceptive(c)), "{shown:?}");
            let again = inert(&shown).into_owned();
            prop_assert_eq!(again, shown.as_ref());
            prop_assert_eq!(text.is_empty(), width(&shown) == 0);
        }

        #[test]
        fn what_is_fitted_has_exactly_that_width(text in "\\PC*", columns in 0usize..40) {
            prop_assert!(width(&cut(&text, columns)) <= columns);
            prop_assert_eq!(width(&fit(&inert(&text), columns)), columns);
            prop_assert_eq!(width(&fit_right(&inert(&text), columns)), columns);
        }

        #[test]
        fn wrapped_lines_fit_and_lose_no_word(text in "[a-z]{1,12}( [a-z]{1,12}){0,9}", columns in 1usize..30) {
            let lines = wrap(&text, columns);
            prop_assert!(lines.iter().all(|line| width(line) <= columns));
            let letters = |text: &str| text.replace(' ', "");
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
