//! Every scene at every size in every class of themes: its text and its styles as they were, and what holds of all of them.
//!
//! A cell has a style in each class. Together they are what one meaning of the theme gives, or one meaning upon another, and
//! a snapshot has the meaning's letter: `legend.snap` tells which styles it stands for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::LazyLock;

use idmux::tui::keymap::Context;
use idmux::tui::theme::{Depth, Theme};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::driver::{SMALL, Screen};
use crate::scenes::{Scene, Table};

/// A theme on a terminal.
struct Class {
    name: &'static str,
    theme: Theme,
    ascii: bool,
    /// What is behind the text, where the theme leaves that to the terminal, and the least contrast of text on it.
    contrast: Option<(Color, f64)>,
}

/// The themes, and what terminals with less make of them.
static CLASSES: LazyLock<Vec<Class>> = LazyLock::new(|| {
    let class = |name, theme, depth| {
        let theme = Theme::built_in(theme).unwrap().at(depth);
        Class { name, theme, ascii: false, contrast: None }
    };
    // 4.5 is what WCAG asks of text, 7 of text with enhanced contrast.
    let dark = Some((Color::Rgb(0x1e, 0x22, 0x27), 4.5));
    vec![
        class("ansi", "ansi", Depth::Sixteen),
        Class { contrast: dark, ..class("dark", "dark", Depth::True) },
        Class { contrast: Some((Color::Rgb(255, 255, 255), 4.5)), ..class("light", "light", Depth::True) },
        Class {
            contrast: Some((Color::Rgb(0, 0, 0), 7.0)),
            ..class("high contrast", "high-contrast", Depth::True)
        },
        class("dark, 256 colours", "dark", Depth::Indexed),
        class("dark, 16 colours", "dark", Depth::Sixteen),
        class("no colours", "dark", Depth::None),
        Class { ascii: true, ..class("ASCII", "dark", Depth::True) },
    ]
});

/// The least contrast of what is no text: borders, gauges, the grid of a chart (WCAG 2.2, 1.4.11).
const LEAST_OF_LINES: f64 = 3.0;

type Meaning = (&'static str, &'static str, fn(&Theme) -> Style);

const MEANINGS: [Meaning; 19] = [
    (".", "nothing", |_| Style::new()),
    ("t", "text", |theme| theme.text),
    ("_", "a text field", |theme| theme.text.add_modifier(Modifier::UNDERLINED)),
    ("m", "muted", |theme| theme.muted),
    ("s", "strong", |theme| theme.strong),
    ("b", "border", |theme| theme.border),
    ("f", "border, focused", |theme| theme.border_focus),
    ("X", "selection", |theme| theme.selection),
    ("I", "selection, idle", |theme| theme.selection_idle),
    ("g", "good", |theme| theme.good),
    ("y", "busy", |theme| theme.busy),
    ("w", "warn", |theme| theme.warn),
    ("e", "bad", |theme| theme.bad),
    ("k", "key", |theme| theme.key),
    ("d", "spent", |theme| theme.spent),
    ("q", "code", |theme| theme.code),
    ("S", "value: text", |theme| theme.value_text),
    ("N", "value: number", |theme| theme.value_number),
    ("O", "value: other", |theme| theme.value_other),
];

/// The classes that show a QR code in the same way; ASCII has none, and without colours its modules change places with what is
/// behind them.
const WITH_CODE: usize = 6;

/// The letters of the styles that a cell has in the classes; in all of them, and in those that show a code alike.
static LETTERS: LazyLock<[HashMap<Vec<Style>, String>; 2]> =
    LazyLock::new(|| [letters(CLASSES.len()), letters(WITH_CODE)]);

fn letters(classes: usize) -> HashMap<Vec<Style>, String> {
    let upon = |below: &Meaning, above: &Meaning| -> Vec<Style> {
        let styled = |class: &Class| {
            let mut cell = Cell::default();
            // A theme with a background of its own has it behind everything.
            if let (Some(front), Some(behind)) = (class.theme.text.fg, class.theme.text.bg) {
                cell.set_fg(front).set_bg(behind);
            }
            cell.set_style(below.2(&class.theme)).set_style(above.2(&class.theme));
            cell.style()
        };
        CLASSES.iter().take(classes).map(styled).collect()
    };
    let nothing = &MEANINGS[0];
    let mut letters = HashMap::new();
    for meaning in &MEANINGS {
        letters.entry(upon(nothing, meaning)).or_insert_with(|| meaning.0.to_owned());
    }
    for below in &MEANINGS {
        for above in &MEANINGS {
            letters.entry(upon(below, above)).or_insert_with(|| format!("{}{}", below.0, above.0));
        }
    }
    letters
}

/// What a cell holds, as far as its contrast is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Blank,
    Line,
    Text,
}

impl Kind {
    fn of(cell: &Cell, is_ascii: bool) -> Self {
        match cell.symbol() {
            " " => Self::Blank,
            "+" | "-" | "|" if is_ascii => Self::Line,
            symbol if symbol.chars().all(|c| matches!(c, '─'..='▟' | '·')) => Self::Line,
            _ => Self::Text,
        }
    }
}

/// A scene at a size, in each of the classes.
struct Looks<'a> {
    scene: &'a Scene,
    screen: Screen,
    size: Size,
    frames: Vec<Buffer>,
    /// Of each cell.
    letters: Vec<&'static str>,
}

impl<'a> Looks<'a> {
    fn of(scene: &'a Scene, size: Size) -> Self {
        let mut screen = scene.at(size);
        let ascii = screen.model.state.look.ascii;
        let draw = |class: &Class| {
            screen.model.state.theme = class.theme;
            screen.model.state.look.ascii = ascii || class.ascii;
            screen.buffer()
        };
        let frames: Vec<Buffer> = CLASSES.iter().map(draw).collect();
        screen.model.state.look.ascii = ascii;
        let mut looks = Self { scene, screen, size, frames, letters: Vec::new() };
        looks.letters = looks.find_letters();
        looks
    }

    fn find_letters(&self) -> Vec<&'static str> {
        let (map, frames) = match self.shows_code() {
            true => (&LETTERS[1], &self.frames[..WITH_CODE]),
            false => (&LETTERS[0], &self.frames[..]),
        };
        let mut last: (Vec<Style>, &'static str) = (Vec::new(), "?");
        let cells = 0..frames[0].content.len();
        let letter = |at: usize| {
            let mut styles = frames.iter().map(|frame| frame.content[at].style());
            // Most cells are styled as the one before.
            if !styles.clone().eq(last.0.iter().copied()) {
                let styles: Vec<Style> = styles.by_ref().collect();
                last = (styles.clone(), map.get(&styles).map_or("?", String::as_str));
            }
            last.1
        };
        cells.map(letter).collect()
    }

    /// What to keep of it: at 80x24 all; on a larger screen the dialogs, where there are some, since what is behind them is a
    /// scene of its own.
    fn areas(&self) -> Vec<Rect> {
        let whole = Rect::from((Position::ORIGIN, self.size));
        let hints = Rect { y: whole.height - 1, height: 1, ..whole };
        match self.dialogs() {
            Some(dialogs) if self.size != SMALL => vec![dialogs, hints],
            _ => vec![whole],
        }
    }

    /// The place of the dialogs: nothing else has a thick border while there is one.
    fn dialogs(&self) -> Option<Rect> {
        self.screen.model.dialog()?;
        let frame = &self.frames[0];
        let is_corner = |at: &Position| ["┏", "┓", "┗", "┛"].contains(&frame[*at].symbol());
        let corners = frame.area.positions().filter(is_corner);
        corners.map(|at| Rect::from((at, Size { width: 1, height: 1 }))).reduce(Rect::union)
    }

    /// Text and styles of the areas that are kept.
    fn write(&self, into: &mut String) {
        for area in self.areas() {
            let place = if area.as_size() == self.size {
                String::new()
            } else {
                format!(", {}x{} at {},{}", area.width, area.height, area.x, area.y)
            };
            let _ = writeln!(into, "=== {}x{}{place}", self.size.width, self.size.height);
            for row in area.rows() {
                let _ = writeln!(into, "{}", text(&self.frames[0], row).trim_end());
            }
            let _ = writeln!(into, "---");
            let rows: Vec<_> = area.rows().map(|row| self.styles(row)).collect();
            let mut number = 1;
            for same in rows.chunk_by(|one, other| one == other) {
                let last = number + same.len() - 1;
                let range = if last > number { format!("{number}-{last}") } else { number.to_string() };
                let _ = writeln!(into, "{range:>5} {}", same[0]);
                number = last + 1;
            }
        }
    }

    /// The letters of a row, each with the number of its columns.
    fn styles(&self, row: Rect) -> String {
        let letters: Vec<&str> =
            row.positions().map(|at| self.letters[self.frames[0].index_of(at.x, at.y)]).collect();
        let runs = letters.chunk_by(|one, other| one == other);
        runs.map(|run| format!("{}{}", run[0], run.len())).collect::<Vec<_>>().join(" ")
    }

    /// What is wrong with it.
    fn faults(&self) -> BTreeSet<String> {
        let mut faults: BTreeSet<String> =
            self.styled().into_iter().flat_map(|at| self.faults_of_style(at)).collect();
        for (class, frame) in CLASSES.iter().zip(&self.frames) {
            if self.shows_code() && (class.ascii || class.name == "no colours") {
                continue;
            }
            for (at, (cell, other)) in self.frames[0].content.iter().zip(&frame.content).enumerate() {
                let same = match class.ascii {
                    true => stands_for(other.symbol(), cell.symbol()),
                    false => cell.symbol() == other.symbol(),
                };
                if !same {
                    let (x, y) = frame.pos_of(at);
                    let (one, two) = (cell.symbol(), other.symbol());
                    faults.insert(format!("{}: {two:?} for {one:?} at {x},{y}", class.name));
                }
            }
        }
        faults.extend(self.unselected());
        faults.extend(self.cut_off());
        faults
    }

    /// A cell for each style and kind that there is.
    fn styled(&self) -> Vec<usize> {
        let mut seen: BTreeMap<(&str, Kind), usize> = BTreeMap::new();
        for (at, cell) in self.frames[0].content.iter().enumerate() {
            seen.entry((self.letters[at], Kind::of(cell, self.screen.model.state.look.ascii))).or_insert(at);
        }
        seen.into_values().collect()
    }

    /// What is wrong with how a cell is styled.
    fn faults_of_style(&self, at: usize) -> Vec<String> {
        let mut faults = Vec::new();
        for (class, frame) in CLASSES.iter().zip(&self.frames) {
            let cell = &frame.content[at];
            let mut fault = |what: &str| {
                let (symbol, style) = (cell.symbol(), cell.style());
                faults.push(format!("{}: {what}: {symbol:?} in {style:?}", class.name));
            };
            if cell.fg == cell.bg && cell.fg != Color::Reset {
                fault("one colour upon itself");
            }
            if class.name == "no colours" && (cell.fg, cell.bg) != (Color::Reset, Color::Reset) {
                fault("a colour");
            }
            if self.letters[at] == "?" {
                fault("no meaning of the theme gives this style");
            }
            let Some((behind, least)) = class.contrast else { continue };
            let least = match Kind::of(cell, self.screen.model.state.look.ascii) {
                Kind::Blank => continue,
                Kind::Line => LEAST_OF_LINES,
                Kind::Text => least,
            };
            if let Some(found) = contrast_of(cell, behind).filter(|found| *found < least) {
                fault(&format!("a contrast of {found:.1}"));
            }
        }
        faults
    }

    /// Whether there may be a QR code.
    fn shows_code(&self) -> bool {
        matches!(self.screen.model.context(), Context::Browser)
            || self.screen.model.dialogs.iter().any(|dialog| dialog.context() == Context::Browser)
    }

    /// Without colours it still has to be told where the keys go.
    fn unselected(&self) -> Option<String> {
        let model = &self.screen.model;
        if !idmux::tui::layout::fits(self.size) {
            return None;
        }
        let at = CLASSES.iter().position(|class| class.name == "no colours").unwrap();
        let shown = &self.frames[at];
        let area = self.dialogs().unwrap_or(shown.area);
        let has = |symbol: &str| area.positions().any(|at| shown[at].symbol() == symbol);
        let told = match model.context() {
            // Nothing can be chosen there.
            Context::Help
            | Context::Browser
            | Context::Secret
            | Context::Notice
            | Context::LinkPreview
            | Context::Document
            | Context::Conflict => true,
            Context::Lifetimes | Context::Log | Context::Compare => has("┏"),
            Context::Users
            | Context::Filter
            | Context::Session
            | Context::Identities
            | Context::CustomData
            | Context::Timeline => has("▶"),
            _ => has("▸") || self.is_empty(),
        };
        (!told).then(|| format!("nothing tells where the keys go in {:?}", model.context()))
    }

    /// Whether what is shown is a list without rows.
    fn is_empty(&self) -> bool {
        let shown = self.screen.draw();
        ["No mails", "No API keys"].iter().any(|words| shown.contains(words))
    }

    /// A dialog stands on the screen as a whole.
    fn cut_off(&self) -> Option<String> {
        let dialogs = self.dialogs()?;
        let shown = &self.frames[0];
        let count = |symbol| shown.content.iter().filter(|cell| cell.symbol() == symbol).count();
        let corners = ["┏", "┓", "┗", "┛"].map(count);
        let whole = dialogs.height < self.size.height || self.screen.model.context() == Context::Help;
        (corners[0] == 0 || !whole).then(|| format!("the dialog takes {} rows: {corners:?}", dialogs.height))
    }
}

/// The text of a row.
fn text(frame: &Buffer, row: Rect) -> String {
    let mut covered = 0;
    let mut text = String::new();
    for at in row.positions() {
        if covered > 0 {
            covered -= 1;
            continue;
        }
        let symbol = frame[at].symbol();
        covered = symbol.width().saturating_sub(1);
        text.push_str(symbol);
    }
    text
}

/// Whether a stand-in in ASCII may stand for a symbol: it is the same, or for a glyph of the program's; `?` is for a letter of
/// a person's alone.
fn stands_for(ascii: &str, symbol: &str) -> bool {
    if symbol.is_ascii() {
        return ascii == symbol || ascii == "?";
    }
    let is_letter =
        symbol.chars().any(|c| c.is_alphanumeric() || ('␀'..='␡').contains(&c)) || symbol.width() > 1;
    ascii.len() == 1 && (ascii != "?" || is_letter)
}

/// The contrast of what is in a cell, where its colours are known.
fn contrast_of(cell: &Cell, behind: Color) -> Option<f64> {
    let bg = if cell.bg == Color::Reset { behind } else { cell.bg };
    let (one, other) = (luminance(cell.fg)?, luminance(bg)?);
    Some((one.max(other) + 0.05) / (one.min(other) + 0.05))
}

/// Relative luminance (WCAG 2.2).
fn luminance(colour: Color) -> Option<f64> {
    let Color::Rgb(r, g, b) = colour else { return None };
    let linear = |channel: u8| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    Some(0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b))
}

fn snapshot(name: &str, shown: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, shown);
    });
}

/// Compares the scenes with what they were, after what holds of all of them.
fn check(scenes: fn(&mut Table)) {
    let mut table = Table::default();
    scenes(&mut table);
    let mut faults = String::new();
    for scene in &table.0 {
        let mut shown = String::new();
        for size in scene.sizes() {
            let looks = Looks::of(scene, size);
            for fault in looks.faults() {
                let _ = writeln!(faults, "{} at {}x{}: {fault}", looks.scene.name, size.width, size.height);
            }
            looks.write(&mut shown);
        }
        snapshot(&scene.name, &shown);
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn the_beginning() {
    check(crate::first_scenes);
}

#[test]
fn the_board() {
    check(crate::board::scenes);
}

#[test]
fn what_hands_do() {
    check(crate::hands::scenes);
}

#[test]
fn the_views() {
    check(crate::views::scenes);
}

#[test]
fn the_comparison() {
    check(crate::compare::scenes);
}

#[test]
fn custom_data() {
    check(crate::custom_data::scenes);
}

#[test]
fn dialogs() {
    check(crate::dialogs::scenes);
}

#[test]
fn dialogs_with_boards() {
    check(crate::boards::scenes);
}

#[test]
fn the_browser() {
    check(crate::browser::scenes);
}

/// What each letter stands for in each class.
#[test]
fn the_legend() {
    let mut legend = String::new();
    for (letter, name, style) in &MEANINGS {
        let _ = writeln!(legend, "{letter}  {name}");
        for class in CLASSES.iter() {
            let style = style(&class.theme);
            let words = [style.fg.map(|fg| fg.to_string()), style.bg.map(|bg| format!("on {bg}"))];
            let mut words: Vec<String> = words.into_iter().flatten().collect();
            words.extend(style.add_modifier.iter_names().map(|(name, _)| name.to_lowercase()));
            let _ = writeln!(legend, "   {:18} {}", class.name, words.join(" "));
        }
    }
    snapshot("legend", &legend.lines().map(str::trim_end).collect::<Vec<_>>().join("\n"));
}
