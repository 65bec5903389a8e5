//! What each meaning looks like. Themes are files (`assets/themes`); only they name colours.
//!
//! Colour never carries a meaning alone: states have a glyph and a word, the focused pane a thick border and a marker, the
//! selected row a marker.

mod depth;
mod file;

use ratatui::style::{Modifier, Style};
use serde::Deserialize;

pub use depth::Depth;
pub use file::ThemeError;

/// The themes that come with the program: their names, and what their files say.
const BUILT_IN: [(&str, &str); 4] = [
    ("ansi", include_str!("../../assets/themes/ansi.toml")),
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("high-contrast", include_str!("../../assets/themes/high-contrast.toml")),
];

/// A style for each meaning. What a file does not name is plain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Theme {
    /// Plain text.
    #[serde(deserialize_with = "file::style")]
    pub text: Style,
    /// Text of less weight: names of fields, units, column headers.
    #[serde(deserialize_with = "file::style")]
    pub muted: Style,
    /// The program's name, headings.
    #[serde(deserialize_with = "file::style")]
    pub strong: Style,
    /// Border and title of a pane without the focus.
    #[serde(deserialize_with = "file::style")]
    pub border: Style,
    /// Border and title of the pane with the focus, and of dialogs.
    #[serde(deserialize_with = "file::style")]
    pub border_focus: Style,
    /// The selected row where the keys go.
    #[serde(deserialize_with = "file::style")]
    pub selection: Style,
    /// The selected row of a pane that does not have the focus.
    #[serde(deserialize_with = "file::style")]
    pub selection_idle: Style,
    /// Something works.
    #[serde(deserialize_with = "file::style")]
    pub good: Style,
    /// Something is on its way.
    #[serde(deserialize_with = "file::style")]
    pub busy: Style,
    /// Something needs attention soon.
    #[serde(deserialize_with = "file::style")]
    pub warn: Style,
    /// Something needs a person.
    #[serde(deserialize_with = "file::style")]
    pub bad: Style,
    /// A key that can be pressed.
    #[serde(deserialize_with = "file::style")]
    pub key: Style,
    /// The spent part of a gauge.
    #[serde(deserialize_with = "file::style")]
    pub spent: Style,
    /// A QR code: the dark modules on what is behind them, which has to be light for every scanner.
    #[serde(deserialize_with = "file::style")]
    pub code: Style,
    /// Types of values: text, numbers, the rest.
    #[serde(deserialize_with = "file::style")]
    pub value_text: Style,
    /// A number.
    #[serde(deserialize_with = "file::style")]
    pub value_number: Style,
    /// A date, an id, a truth value, null.
    #[serde(deserialize_with = "file::style")]
    pub value_other: Style,
}

impl Theme {
    /// Reads the text of a theme file.
    ///
    /// # Errors
    /// When it is not TOML, names a meaning that there is not, or a colour that is none; the error says where.
    pub fn parse(text: &str) -> Result<Self, ThemeError> {
        Ok(toml::from_str(text)?)
    }

    /// The theme of that name that comes with the program.
    pub fn built_in(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Self::parse(text).ok()
    }

    /// The names of the themes that come with the program.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// In the terminal's sixteen colours, whatever they are.
    pub fn ansi() -> Self {
        Self::built_in("ansi").unwrap_or_else(Self::mono)
    }

    /// Without colours, for `NO_COLOR`.
    pub fn mono() -> Self {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        Self {
            strong: bold,
            border_focus: bold,
            selection: Style::new().add_modifier(Modifier::REVERSED),
            selection_idle: bold,
            warn: bold,
            bad: bold,
            key: bold,
            ..Self::default()
        }
    }

    /// The theme on a terminal that shows so many colours.
    pub fn at(self, depth: Depth) -> Self {
        if depth == Depth::None {
            return Self::mono();
        }
        self.map(|style| Style {
            fg: style.fg.map(|colour| depth.nearest(colour)),
            bg: style.bg.map(|colour| depth.nearest(colour)),
            ..style
        })
    }

    fn map(self, change: impl Fn(Style) -> Style) -> Self {
        Self {
            text: change(self.text),
            muted: change(self.muted),
            strong: change(self.strong),
            border: change(self.border),
            border_focus: change(self.border_focus),
            selection: change(self.selection),
            selection_idle: change(self.selection_idle),
            good: change(self.good),
            busy: change(self.busy),
            warn: change(self.warn),
            bad: change(self.bad),
            key: change(self.key),
            spent: change(self.spent),
            code: change(self.code),
            value_text: change(self.value_text),
            value_number: change(self.value_number),
            value_other: change(self.value_other),
        }
    }
}

/// How a theme is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThemeChoice {
    dark: Theme,
    light: Theme,
    /// Until the terminal has told its background, and if it does not.
    unknown: Theme,
}

/// What is behind the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// Light text stands out on it.
    Dark,
    /// Dark text stands out on it.
    Light,
}

impl ThemeChoice {
    /// A person decided, whatever the background is.
    pub fn fixed(theme: Theme) -> Self {
        Self { dark: theme, light: theme, unknown: theme }
    }

    /// Whether it matters what the background is.
    pub fn depends_on_background(&self) -> bool {
        *self != Self::fixed(self.unknown)
    }

    /// The background decides, between the themes that come with the program.
    pub fn automatic(depth: Depth) -> Self {
        let theme = |name| Theme::built_in(name).unwrap_or_else(Theme::mono).at(depth);
        match depth {
            // Sixteen colours are the person's own; theirs fit their background.
            Depth::None | Depth::Sixteen => Self::fixed(theme("ansi")),
            Depth::Indexed | Depth::True => {
                Self { dark: theme("dark"), light: theme("light"), unknown: theme("ansi") }
            }
        }
    }

    /// The theme on that background.
    pub fn on(&self, background: Option<Background>) -> Theme {
        match background {
            None => self.unknown,
            Some(Background::Dark) => self.dark,
            Some(Background::Light) => self.light,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Color;

    fn all() -> impl Iterator<Item = (&'static str, Theme)> {
        Theme::names().map(|name| (name, Theme::built_in(name).unwrap())).chain([("mono", Theme::mono())])
    }

    #[test]
    fn every_theme_that_comes_along_is_read() {
        for (name, text) in BUILT_IN {
            if let Err(error) = Theme::parse(text) {
                panic!("{name}: {error}");
            }
        }
    }

    #[test]
    fn what_has_to_be_told_apart_differs_in_every_theme() {
        for (name, theme) in all() {
            assert_ne!(theme.selection, theme.text, "{name}");
            assert_ne!(theme.selection, theme.selection_idle, "{name}");
            assert_ne!(theme.border, theme.border_focus, "{name}");
        }
    }

    #[test]
    fn without_colours_there_are_no_colours() {
        for (name, theme) in all() {
            let printed = format!("{:?}", theme.at(Depth::None));
            assert!(!printed.contains(".fg(") && !printed.contains(".bg("), "{name}: {printed}");
        }
    }

    #[test]
    fn fewer_colours_leave_no_colour_that_the_terminal_lacks() {
        for (name, theme) in all() {
            for depth in [Depth::Sixteen, Depth::Indexed] {
                theme.at(depth).map(|style| {
                    for colour in [style.fg, style.bg].into_iter().flatten() {
                        let fits = match colour {
                            Color::Rgb(..) => false,
                            Color::Indexed(_) => depth == Depth::Indexed,
                            _ => true,
                        };
                        assert!(fits, "{name} {depth:?}: {colour:?}");
                    }
                    style
                });
            }
        }
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(colour: Color) -> f64 {
        let Color::Rgb(r, g, b) = colour else { panic!("{colour:?} has no fixed luminance") };
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    fn contrast(a: Color, b: Color) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_the_background_that_a_theme_is_for() {
        // 4.5 is what WCAG asks of text, 7 of text with enhanced contrast.
        for (name, background, least) in [
            ("dark", Color::Rgb(0x1e, 0x22, 0x27), 4.5),
            ("light", Color::Rgb(0xff, 0xff, 0xff), 4.5),
            ("high-contrast", Color::Rgb(0, 0, 0), 7.0),
        ] {
            let theme = Theme::built_in(name).unwrap();
            for style in [
                theme.text,
                theme.muted,
                theme.strong,
                theme.border_focus,
                theme.selection,
                theme.good,
                theme.busy,
                theme.warn,
                theme.bad,
                theme.key,
                theme.value_text,
                theme.value_number,
                theme.value_other,
            ] {
                let behind = style.bg.unwrap_or(background);
                let found = contrast(style.fg.unwrap(), behind);
                assert!(found >= least, "{name}: {style:?} has a contrast of {found:.1} on {behind:?}");
            }
        }
    }
}
