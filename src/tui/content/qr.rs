//! A QR code, as data.

use qrcode::{EcLevel, QrCode};

/// Light modules around the code. The standard asks for so many; scanners take half of them as well.
const MARGINS: [usize; 2] = [4, 2];

/// The modules of a code, without margin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    side: usize,
    dark: Vec<bool>,
}

impl Code {
    /// The code of a text; `None` for a text that is too long for any.
    pub fn of(text: &str) -> Option<Self> {
        // The lowest level of correction: a screen has no stains, and the code has to fit.
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        Some(Self {
            side: code.width(),
            dark: code.to_colors().iter().map(|color| *color == qrcode::Color::Dark).collect(),
        })
    }

    /// The columns and rows that it needs at least, two modules a row.
    pub fn least(&self) -> (usize, usize) {
        let side = self.side + 2 * MARGINS[1];
        (side, side.div_ceil(2))
    }

    /// The widest margin with which it fits.
    pub fn margin(&self, columns: usize, rows: usize) -> Option<usize> {
        MARGINS.into_iter().find(|margin| {
            let side = self.side + 2 * margin;
            side <= columns && side.div_ceil(2) <= rows
        })
    }

    /// The rows, each cell one module above another. What is dark has the colour of the text, light that behind it.
    pub fn rows(&self, margin: usize) -> impl Iterator<Item = String> {
        let side = self.side + 2 * margin;
        let is_dark = move |x: usize, y: usize| {
            let inside = |at: usize| at.checked_sub(margin).filter(|at| *at < self.side);
            inside(x).zip(inside(y)).is_some_and(|(x, y)| self.dark[y * self.side + x])
        };
        (0..side).step_by(2).map(move |y| {
            let cell = |x| match (is_dark(x, y), is_dark(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            };
            (0..side).map(cell).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_square_with_light_around_it() {
        let code = Code::of("https://example.com/").unwrap();
        assert_eq!(code.side, 25);
        assert_eq!(
            (code.margin(33, 17), code.margin(32, 17), code.margin(29, 15)),
            (Some(4), Some(2), Some(2))
        );
        assert_eq!((code.margin(28, 99), code.margin(99, 14)), (None, None));
        assert_eq!(code.least(), (29, 15));
        for margin in MARGINS {
            let rows: Vec<_> = code.rows(margin).collect();
            assert_eq!(rows.len(), (25 + 2 * margin).div_ceil(2));
            assert!(rows.iter().all(|row| row.chars().count() == 25 + 2 * margin));
            assert!(rows[..margin / 2].iter().all(|row| row.trim().is_empty()), "{rows:#?}");
            assert!(
                rows.iter()
                    .all(|row| row.starts_with(&" ".repeat(margin)) && row.ends_with(&" ".repeat(margin)))
            );
        }
        // The finder in the corner: seven modules, the first row of them dark above light.
        let top = code.rows(2).nth(1).unwrap();
        assert!(top.starts_with("  █▀▀▀▀▀█"), "{top}");
    }

    #[test]
    fn a_text_can_be_too_long_for_any_code() {
        assert!(Code::of(&"x".repeat(2900)).is_some());
        assert_eq!(Code::of(&"x".repeat(3000)), None);
    }
}
