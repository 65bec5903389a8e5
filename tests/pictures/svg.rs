//! A terminal's screen as SVG: a window with a title, in which everything stands on the grid of cells.
//!
//! Text is text, so that it can be searched and read out; each run has its length given, so that columns stand whatever
//! font the reader has. Lines and blocks are drawn, not written, so that they join.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

/// Size of a cell, and of the type in it: of most monospace fonts a letter is 0.6 of the size wide.
const CELL: (u16, u16) = (10, 20);
const TYPE: f32 = 16.6;
const BASELINE: u16 = 15;
/// Between the window's edge and the screen.
const MARGIN: u16 = 14;
/// The bar with the title.
const BAR: u16 = 34;

/// The terminal in the picture: what its own colours are.
pub struct Paper {
    pub background: &'static str,
    pub foreground: &'static str,
    pub bar: &'static str,
    pub edge: &'static str,
    pub title: &'static str,
}

pub const DARK: Paper =
    Paper { background: "#16181d", foreground: "#d7dae0", bar: "#21252d", edge: "#3a404c", title: "#9aa3b5" };
pub const LIGHT: Paper =
    Paper { background: "#fbfbfa", foreground: "#22252b", bar: "#e9eaec", edge: "#c3c7ce", title: "#5d6470" };
pub const BLACK: Paper =
    Paper { background: "#000000", foreground: "#ffffff", bar: "#1c1c1c", edge: "#808080", title: "#e0e0e0" };

/// The sixteen colours.
const PALETTE: [&str; 16] = [
    "#2b2f38", "#e06c75", "#8fc379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#abb2bf", "#6b7280",
    "#f08a92", "#a9d694", "#f0d197", "#82c1f5", "#d696e8", "#7accd6", "#ffffff",
];

/// Draws `screen`. `title` is in the window's bar, `says` is for who cannot see the picture.
pub fn draw(title: &str, says: &str, paper: &Paper, screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let mut picture = Picture::default();
    for row in 0..rows.get() {
        let mut column = 0;
        while column < columns.get() {
            column = picture.run(screen, paper, row, column);
        }
    }
    let size = (columns.get() * CELL.0 + 2 * MARGIN, rows.get() * CELL.1 + 2 * MARGIN + BAR);
    picture.finish(title, says, paper, size)
}

/// How a cell is drawn.
#[derive(PartialEq, Clone)]
struct Style {
    color: String,
    background: String,
    bold: bool,
    italic: bool,
    underline: bool,
}

impl Style {
    fn of(cell: &vt100::Cell, paper: &Paper) -> Self {
        let color = |color: vt100::Color, otherwise: &str| match color {
            vt100::Color::Default => otherwise.to_owned(),
            vt100::Color::Idx(index) => indexed(index),
            vt100::Color::Rgb(r, g, b) => hex([r, g, b]),
        };
        let mut style = Self {
            color: color(cell.fgcolor(), paper.foreground),
            background: color(cell.bgcolor(), paper.background),
            bold: cell.bold(),
            italic: cell.italic(),
            underline: cell.underline(),
        };
        if cell.dim() {
            style.color = between(&style.color, &style.background);
        }
        if cell.inverse() {
            std::mem::swap(&mut style.color, &mut style.background);
        }
        style
    }

    /// What a rule of the style sheet says for it.
    fn rule(&self) -> String {
        let mut rule = format!("fill:{}", self.color);
        for (on, more) in [
            (self.bold, ";font-weight:700"),
            (self.italic, ";font-style:italic"),
            (self.underline, ";text-decoration:underline"),
        ] {
            rule.push_str(if on { more } else { "" });
        }
        rule
    }
}

/// What was drawn so far. Shapes are collected by colour, the rest is written down at once.
#[derive(Default)]
struct Picture {
    backgrounds: BTreeMap<String, String>,
    shapes: BTreeMap<String, String>,
    text: String,
    rules: Vec<String>,
}

impl Picture {
    /// Draws the cells from `start` on that look alike; where the next ones begin.
    fn run(&mut self, screen: &vt100::Screen, paper: &Paper, row: u16, start: u16) -> u16 {
        let cell = |column| screen.cell(row, column);
        let Some(first) = cell(start).map(|cell| Style::of(cell, paper)) else { return start + 1 };
        let mut end = start;
        let (mut text, mut from) = (String::new(), start);
        while let Some(cell) = cell(end).filter(|cell| Style::of(cell, paper) == first) {
            let content = if cell.has_contents() { cell.contents() } else { " " };
            let width = if cell.is_wide() { 2 } else { 1 };
            let glyph = content.chars().next().unwrap_or(' ');
            if is_letter(glyph) && width == 1 {
                text.push_str(content);
            } else {
                self.write(&first, row, (from, end), &text);
                text.clear();
                let drawn = shape((end, row), glyph);
                if drawn.is_empty() {
                    self.symbol(&first, row, (end, end + width), content);
                } else {
                    self.shapes.entry(shade(glyph, &first)).or_default().push_str(&drawn);
                }
                from = end + width;
            }
            end += width;
        }
        self.write(&first, row, (from, end), &text);
        if first.background != paper.background {
            let path = self.backgrounds.entry(first.background).or_default();
            path.push_str(&rectangle(start * CELL.0, row * CELL.1, (end - start) * CELL.0, CELL.1));
        }
        end
    }

    /// Text in the columns `from` to `end`.
    fn write(&mut self, style: &Style, row: u16, (from, end): (u16, u16), text: &str) {
        // Blanks at the ends are nothing to see, unless there is a line below them.
        let (from, text) = if style.underline {
            (from, text)
        } else {
            let trimmed = text.trim_start_matches(' ');
            let skipped = u16::try_from(text.len() - trimmed.len()).unwrap_or_default();
            (from + skipped, trimmed.trim_end_matches(' '))
        };
        if text.is_empty() {
            return;
        }
        let length = if style.underline { end - from } else { columns(text) };
        self.element(style, row, (from, length), text, "");
    }

    /// One character that the reader's font may have in another width.
    fn symbol(&mut self, style: &Style, row: u16, (from, end): (u16, u16), text: &str) {
        self.element(style, row, (from, end - from), text, " lengthAdjust=\"spacingAndGlyphs\"");
    }

    fn element(&mut self, style: &Style, row: u16, (from, length): (u16, u16), text: &str, more: &str) {
        let rule = style.rule();
        let class = self.rules.iter().position(|known| *known == rule).unwrap_or_else(|| {
            self.rules.push(rule);
            self.rules.len() - 1
        });
        let _ = writeln!(
            self.text,
            "<text class=\"s{class}\" x=\"{x}\" y=\"{y}\" textLength=\"{length}\"{more}>{text}</text>",
            x = from * CELL.0,
            y = row * CELL.1 + BASELINE,
            length = length * CELL.0,
            text = escape(text),
        );
    }

    fn finish(self, title: &str, says: &str, paper: &Paper, (width, height): (u16, u16)) -> String {
        let Paper { background, bar, edge, title: title_color, .. } = paper;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" aria-labelledby=\"t\">\n<title id=\"t\">{says}</title>\n<style>\n\
             text{{font:{TYPE}px ui-monospace,'SF Mono',Menlo,'DejaVu Sans Mono','Cascadia Mono',Consolas,monospace;\
             white-space:pre}}\n",
            says = escape(says),
        );
        for (class, rule) in self.rules.iter().enumerate() {
            let _ = writeln!(out, ".s{class}{{{rule}}}");
        }
        let (right, bottom, middle) = (width - 1, height - 1, width / 2);
        let _ = write!(
            out,
            "</style>\n<rect x=\".5\" y=\".5\" width=\"{right}\" height=\"{bottom}\" rx=\"9\" fill=\"{background}\"/>\n\
             <path d=\"M.5 {BAR}V9.5a9 9 0 0 1 9-9H{}a9 9 0 0 1 9 9V{BAR}z\" fill=\"{bar}\"/>\n\
             <rect x=\".5\" y=\".5\" width=\"{right}\" height=\"{bottom}\" rx=\"9\" fill=\"none\" stroke=\"{edge}\"/>\n\
             <g fill=\"{edge}\"><circle cx=\"20\" cy=\"17\" r=\"6\"/><circle cx=\"40\" cy=\"17\" r=\"6\"/>\
             <circle cx=\"60\" cy=\"17\" r=\"6\"/></g>\n\
             <text x=\"{middle}\" y=\"23\" text-anchor=\"middle\" fill=\"{title_color}\">{title}</text>\n\
             <g transform=\"translate({MARGIN} {top})\" xml:space=\"preserve\">\n",
            width - 10,
            title = escape(title),
            top = BAR + MARGIN,
        );
        for (paths, edges) in [(self.backgrounds, " shape-rendering=\"crispEdges\""), (self.shapes, "")] {
            for (color, path) in paths {
                let _ = writeln!(out, "<path{edges} fill=\"{color}\" d=\"{path}\"/>");
            }
        }
        out.push_str(&self.text);
        out.push_str("</g>\n</svg>\n");
        out
    }
}

/// Whether every monospace font has it as wide as all others. The rest is set one by one.
fn is_letter(c: char) -> bool {
    c < '\u{2000}' || "‘’“”–—…‹›".contains(c)
}

/// How many cells a text takes.
fn columns(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// The weights of the arms of a line: left, right, up, down.
fn arms(c: char) -> Option<[u16; 4]> {
    Some(match c {
        '─' | '╌' | '┄' => [1, 1, 0, 0],
        '━' => [2, 2, 0, 0],
        '│' | '╎' | '┆' => [0, 0, 1, 1],
        '┃' => [0, 0, 2, 2],
        '┌' | '╭' => [0, 1, 0, 1],
        '┐' | '╮' => [1, 0, 0, 1],
        '└' | '╰' => [0, 1, 1, 0],
        '┘' | '╯' => [1, 0, 1, 0],
        '├' => [0, 1, 1, 1],
        '┤' => [1, 0, 1, 1],
        '┬' => [1, 1, 0, 1],
        '┴' => [1, 1, 1, 0],
        '┼' => [1, 1, 1, 1],
        '┏' => [0, 2, 0, 2],
        '┓' => [2, 0, 0, 2],
        '┗' => [0, 2, 2, 0],
        '┛' => [2, 0, 2, 0],
        '╴' => [1, 0, 0, 0],
        '╶' => [0, 1, 0, 0],
        '╸' => [2, 0, 0, 0],
        '╺' => [0, 2, 0, 0],
        _ => return None,
    })
}

/// The path of a character that is drawn, in the cell at `column` and `row`; empty for others.
fn shape((column, row): (u16, u16), c: char) -> String {
    let (x, y) = (column * CELL.0, row * CELL.1);
    let (middle, center) = (CELL.0 / 2, CELL.1 / 2);
    if let Some([left, right, up, down]) = arms(c) {
        let mut path = String::new();
        let thick = |weight: u16| if weight == 2 { 4 } else { 2 };
        let (wide, high) = (left.max(right), up.max(down));
        if wide > 0 {
            let begin = if left > 0 { 0 } else { middle - 1 };
            let end = if right > 0 { CELL.0 } else { middle + 1 };
            let half = thick(wide) / 2;
            path.push_str(&rectangle(x + begin, y + center - half, end - begin, thick(wide)));
        }
        if high > 0 {
            let begin = if up > 0 { 0 } else { center - 1 };
            let end = if down > 0 { CELL.1 } else { center + 1 };
            let half = thick(high) / 2;
            path.push_str(&rectangle(x + middle - half, y + begin, thick(high), end - begin));
        }
        return path;
    }
    match c {
        '█' | '░' | '▒' | '▓' => rectangle(x, y, CELL.0, CELL.1),
        '▀' => rectangle(x, y, CELL.0, center),
        '▄' => rectangle(x, y + center, CELL.0, center),
        '▌' => rectangle(x, y, middle, CELL.1),
        '▐' => rectangle(x + middle, y, middle, CELL.1),
        // The rest of the eighths, from below and from the left.
        '▁'..='▇' => {
            let high = CELL.1 * (c as u16 - 0x2580) / 8;
            rectangle(x, y + CELL.1 - high, CELL.0, high)
        }
        '▉'..='▏' => rectangle(x, y, (CELL.0 * (0x2590 - c as u16)).div_ceil(8), CELL.1),
        _ => String::new(),
    }
}

/// The colour that a drawn character has.
fn shade(c: char, style: &Style) -> String {
    match c {
        '░' => between(&style.background, &between(&style.color, &style.background)),
        '▒' => between(&style.color, &style.background),
        '▓' => between(&style.color, &between(&style.color, &style.background)),
        _ => style.color.clone(),
    }
}

fn rectangle(x: u16, y: u16, width: u16, height: u16) -> String {
    format!("M{x} {y}h{width}v{height}h-{width}z")
}

/// A colour of the 256 (the cube and the greys as xterm has them).
fn indexed(index: u8) -> String {
    match index {
        0..16 => PALETTE[usize::from(index)].to_owned(),
        16..232 => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            hex([level(cube / 36), level(cube / 6 % 6), level(cube % 6)])
        }
        232.. => hex([8 + 10 * (index - 232); 3]),
    }
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// The colour half-way between two.
fn between(one: &str, other: &str) -> String {
    let channel = |color: &str, at: usize| u8::from_str_radix(&color[at..at + 2], 16).unwrap_or_default();
    hex([1, 3, 5].map(|at| channel(one, at).midpoint(channel(other, at))))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
