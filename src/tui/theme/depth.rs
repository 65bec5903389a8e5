//! How many colours the terminal shows, and the nearest of them.

use ratatui::style::Color;

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// None, or the person wants none.
    None,
    /// The sixteen that a person chooses.
    Sixteen,
    /// 256: those, a cube, and greys.
    Indexed,
    /// All.
    True,
}

/// Red, green and blue of the sixteen colours, as xterm has them, in the order of their names.
const SIXTEEN: [((u8, u8, u8), Color); 16] = [
    ((0, 0, 0), Color::Black),
    ((205, 0, 0), Color::Red),
    ((0, 205, 0), Color::Green),
    ((205, 205, 0), Color::Yellow),
    ((0, 0, 238), Color::Blue),
    ((205, 0, 205), Color::Magenta),
    ((0, 205, 205), Color::Cyan),
    ((229, 229, 229), Color::Gray),
    ((127, 127, 127), Color::DarkGray),
    ((255, 0, 0), Color::LightRed),
    ((0, 255, 0), Color::LightGreen),
    ((255, 255, 0), Color::LightYellow),
    ((92, 92, 255), Color::LightBlue),
    ((255, 0, 255), Color::LightMagenta),
    ((0, 255, 255), Color::LightCyan),
    ((255, 255, 255), Color::White),
];

/// Steps of each channel in the cube of the 256 colours.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

impl Depth {
    /// What the environment says: `NO_COLOR` (<https://no-color.org>), `COLORTERM`, `TERM`.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let term = variable("TERM").unwrap_or_default();
        if is_set("NO_COLOR") || term == "dumb" {
            return Self::None;
        }
        match variable("COLORTERM").as_deref() {
            Some("truecolor" | "24bit") => Self::True,
            _ if term.ends_with("-direct") || is_set("WT_SESSION") => Self::True,
            _ if term.contains("256color") => Self::Indexed,
            _ => Self::Sixteen,
        }
    }

    /// The nearest colour that there is; one that has no fixed red, green and blue stays as it is.
    pub fn nearest(self, colour: Color) -> Color {
        let rgb = match colour {
            Color::Rgb(r, g, b) => (r, g, b),
            // Those below are the person's own.
            Color::Indexed(index @ 16..) => rgb_of(index),
            Color::Indexed(index) => return SIXTEEN[usize::from(index)].1,
            other => return other,
        };
        match self {
            Self::None => Color::Reset,
            Self::Sixteen => {
                // A colour stays one, though a grey may be nearer.
                let fitting = SIXTEEN.into_iter().filter(|(other, _)| is_grey(*other) == is_grey(rgb));
                nearest_of(rgb, fitting).unwrap_or(Color::Reset)
            }
            Self::Indexed => {
                let candidates = (16..=255_u8).map(|index| (rgb_of(index), Color::Indexed(index)));
                nearest_of(rgb, candidates).unwrap_or(Color::Reset)
            }
            Self::True => colour,
        }
    }
}

/// Red, green and blue of an indexed colour from 16 on.
fn rgb_of(index: u8) -> (u8, u8, u8) {
    if index >= 232 {
        let grey = 8 + 10 * (index - 232);
        return (grey, grey, grey);
    }
    let cube = usize::from(index.saturating_sub(16));
    (CUBE[cube / 36 % 6], CUBE[cube / 6 % 6], CUBE[cube % 6])
}

/// Whether the channels hardly differ.
fn is_grey((r, g, b): (u8, u8, u8)) -> bool {
    r.max(g).max(b) - r.min(g).min(b) < 40
}

fn nearest_of(
    rgb: (u8, u8, u8),
    candidates: impl IntoIterator<Item = ((u8, u8, u8), Color)>,
) -> Option<Color> {
    candidates.into_iter().min_by_key(|(other, _)| distance(rgb, *other)).map(|(_, colour)| colour)
}

/// The eye sees green best and blue least.
fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    3 * square(a.0, b.0) + 6 * square(a.1, b.1) + square(a.2, b.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(variables: &[(&str, &str)]) -> Depth {
        Depth::of_environment(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_says_how_many_colours_there_are() {
        for (variables, expected) in [
            (&[("TERM", "xterm")][..], Depth::Sixteen),
            (&[("TERM", "xterm-256color")], Depth::Indexed),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Depth::True),
            (&[("TERM", "xterm-direct")], Depth::True),
            (&[("TERM", "dumb")], Depth::None),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], Depth::None),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "")], Depth::Indexed),
            (&[], Depth::Sixteen),
        ] {
            assert_eq!(depth(variables), expected, "{variables:?}");
        }
    }

    #[test]
    fn the_nearest_colour_is_near() {
        for (colour, sixteen, indexed) in [
            (Color::Rgb(255, 0, 0), Color::LightRed, Color::Indexed(196)),
            (Color::Rgb(0, 0, 0), Color::Black, Color::Indexed(16)),
            (Color::Rgb(8, 8, 8), Color::Black, Color::Indexed(232)),
            (Color::Rgb(0x61, 0xaf, 0xef), Color::Cyan, Color::Indexed(75)),
        ] {
            assert_eq!(Depth::Sixteen.nearest(colour), sixteen, "{colour:?}");
            assert_eq!(Depth::Indexed.nearest(colour), indexed, "{colour:?}");
            assert_eq!(Depth::True.nearest(colour), colour);
        }
        assert_eq!(Depth::Sixteen.nearest(Color::Cyan), Color::Cyan);
        assert_eq!(Depth::Sixteen.nearest(Color::Indexed(3)), Color::Yellow);
    }
}
