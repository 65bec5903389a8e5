//! How a theme file writes a style: `{ fg = "#61afef", bold = true }`.

use ratatui::style::{Color, Modifier, Style};
use serde::{Deserialize, Deserializer, de};

/// A theme file says something else than a theme does.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ThemeError(#[from] toml::de::Error);

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Spec {
    fg: Option<String>,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underlined: bool,
    reversed: bool,
}

/// Reads a style.
pub fn style<'de, D: Deserializer<'de>>(from: D) -> Result<Style, D::Error> {
    let spec = Spec::deserialize(from)?;
    let colour = |name: Option<String>| {
        name.map(|name| {
            name.parse::<Color>().map_err(|_| {
                de::Error::custom(format!(
                    "'{name}' is not a colour; use #rrggbb, a number from 0 to 255, or a name such as cyan"
                ))
            })
        })
        .transpose()
    };
    let modifiers = [
        (spec.bold, Modifier::BOLD),
        (spec.dim, Modifier::DIM),
        (spec.italic, Modifier::ITALIC),
        (spec.underlined, Modifier::UNDERLINED),
        (spec.reversed, Modifier::REVERSED),
    ];
    let modifiers = modifiers.into_iter().filter(|(set, _)| *set).map(|(_, modifier)| modifier).collect();
    Ok(Style { fg: colour(spec.fg)?, bg: colour(spec.bg)?, ..Style::new().add_modifier(modifiers) })
}

#[cfg(test)]
mod tests {
    use super::super::Theme;
    use super::*;

    #[test]
    fn a_style_has_colours_and_weights() {
        let theme =
            Theme::parse("text = { fg = \"#102030\", bg = \"12\", bold = true, reversed = true }").unwrap();
        let expected = Style::new()
            .fg(Color::Rgb(0x10, 0x20, 0x30))
            .bg(Color::Indexed(12))
            .add_modifier(Modifier::BOLD | Modifier::REVERSED);
        assert_eq!(theme.text, expected);
        assert_eq!(theme.muted, Style::new());
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        for (text, says) in [
            ("text = { fg = \"mauvish\" }", "'mauvish' is not a colour"),
            ("\ntexxt = {}", "texxt"),
            ("text = { fgg = \"red\" }", "fgg"),
            ("text = 1", "invalid type"),
        ] {
            let error = Theme::parse(text).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("line"), "{error}");
        }
    }
}
