//! What each meaning looks like. Only this file names colours.
//!
//! The ANSI colours respect the person's own terminal theme, light or dark; what is dim is dimmed rather than grey, since
//! some themes make the grey one invisible. Colour never carries a meaning alone:
//! states have a glyph and a word, the focused pane a thick border and a marker, the selected row a marker.

use ratatui::style::{Color, Modifier, Style};

/// A style for each meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Plain text.
    pub text: Style,
    /// Text of less weight: names of fields, units, column headers.
    pub muted: Style,
    /// The program's name, headings.
    pub strong: Style,
    /// Border and title of a pane without the focus.
    pub border: Style,
    /// Border and title of the pane with the focus, and of dialogs.
    pub border_focus: Style,
    /// The selected row where the keys go.
    pub selection: Style,
    /// The selected row of a pane that does not have the focus.
    pub selection_idle: Style,
    /// Something works.
    pub good: Style,
    /// Something is on its way.
    pub busy: Style,
    /// Something needs attention soon.
    pub warn: Style,
    /// Something needs a person.
    pub bad: Style,
    /// A key that can be pressed.
    pub key: Style,
    /// The spent part of a gauge.
    pub spent: Style,
    /// Types of values: text, numbers, the rest.
    pub value_text: Style,
    /// A number.
    pub value_number: Style,
    /// A date, an id, a truth value, null.
    pub value_other: Style,
}

impl Theme {
    /// In the terminal's sixteen colours.
    pub const fn colour() -> Self {
        let plain = Style::new();
        Self {
            text: plain,
            muted: plain.add_modifier(Modifier::DIM),
            strong: plain.add_modifier(Modifier::BOLD),
            border: plain.add_modifier(Modifier::DIM),
            border_focus: plain.fg(Color::Cyan).add_modifier(Modifier::BOLD),
            selection: plain.add_modifier(Modifier::REVERSED),
            selection_idle: plain.add_modifier(Modifier::BOLD),
            good: plain.fg(Color::Green),
            busy: plain.fg(Color::Blue),
            warn: plain.fg(Color::Yellow),
            bad: plain.fg(Color::Red).add_modifier(Modifier::BOLD),
            key: plain.fg(Color::Cyan),
            spent: plain.add_modifier(Modifier::DIM),
            value_text: plain.fg(Color::Green),
            value_number: plain.fg(Color::Yellow),
            value_other: plain.fg(Color::Magenta),
        }
    }

    /// Without colours, for `NO_COLOR`.
    pub const fn mono() -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        Self {
            text: plain,
            muted: plain,
            strong: bold,
            border: plain,
            border_focus: bold,
            selection: plain.add_modifier(Modifier::REVERSED),
            selection_idle: bold,
            good: plain,
            busy: plain,
            warn: bold,
            bad: bold,
            key: bold,
            spent: plain,
            value_text: plain,
            value_number: plain,
            value_other: plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_to_be_told_apart_differs_in_both_themes() {
        for theme in [Theme::colour(), Theme::mono()] {
            assert_ne!(theme.selection, theme.text);
            assert_ne!(theme.selection, theme.selection_idle);
            assert_ne!(theme.border, theme.border_focus);
        }
    }

    #[test]
    fn without_colours_there_are_no_colours() {
        let printed = format!("{:?}", Theme::mono());
        assert!(!printed.contains(".fg(") && !printed.contains(".bg("), "{printed}");
    }
}
