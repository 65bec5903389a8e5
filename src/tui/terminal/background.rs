//! Whether the terminal's background is dark or light: asked once, after the first frame, and answered among the keys. A
//! terminal that does not answer costs nothing.

use crate::tui::theme::Background;

/// Asks for the background colour (xterm's control sequences, OSC 11).
pub const QUESTION: &str = "\x1b]11;?\x1b\\";

/// Reads the answer, `11;rgb:rrrr/gggg/bbbb`, with one to four hex digits a channel.
pub fn parse(answer: &str) -> Option<Background> {
    let mut channels = answer.strip_prefix("11;rgb:")?.split('/').map(|digits| {
        let most = 16_u32.checked_pow(digits.len().try_into().ok()?)?.checked_sub(1)?;
        let value = u32::from_str_radix(digits, 16).ok()?;
        Some(f64::from(value) / f64::from(most))
    });
    let (red, green, blue) = (channels.next()??, channels.next()??, channels.next()??);
    // Perceived brightness (ITU-R BT.601).
    let brightness = 0.299 * red + 0.587 * green + 0.114 * blue;
    Some(if brightness < 0.5 { Background::Dark } else { Background::Light })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_read_with_any_number_of_digits() {
        for (answer, expected) in [
            ("11;rgb:1e1e/2222/2727", Some(Background::Dark)),
            ("11;rgb:ffff/ffff/ffff", Some(Background::Light)),
            ("11;rgb:ff/f/fff", Some(Background::Light)),
            ("11;rgb:0/0/0", Some(Background::Dark)),
            ("10;rgb:0/0/0", None),
            ("11;?", None),
            ("11;rgb:zz/0/0", None),
            ("11;rgb:fffff/0", None),
            ("11;rgb://", None),
            ("", None),
        ] {
            assert_eq!(parse(answer), expected, "{answer}");
        }
    }
}
