//! Takes the pictures of the README: the real program in a pseudo-terminal, its screen drawn as SVG.
//! `assets/pictures` runs it.

#[path = "../tests/support/terminal.rs"]
#[allow(dead_code)]
mod terminal;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use terminal::{Size, Terminal};

/// Size of a cell in pixels, and of the type in it.
const CELL: (f32, f32) = (8.4, 18.0);
const TYPE: f32 = 14.0;
const MARGIN: f32 = 14.0;
const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d5d8df";
/// The sixteen colours of the terminal in the picture.
const PALETTE: [&str; 16] = [
    "#2b2f38", "#e06c75", "#8fc379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#abb2bf", "#6b7280",
    "#f08a92", "#a9d694", "#f0d197", "#82c1f5", "#d696e8", "#7accd6", "#ffffff",
];

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("the folder to write to"));
    let home = tempfile::tempdir().expect("a folder");
    let mut demo = Terminal::idmux(home.path(), &["--demo"], Size(120, 34));
    // Everybody is there when the last one is, and the first one is the current user again.
    demo.wait_for("linus@example.com");
    demo.wait_for("ada@example.com: is the current user");
    demo.send("j");
    // One refresh token lives for a hundred seconds; after them every state is on the screen.
    std::thread::sleep(Duration::from_secs(85));
    demo.wait_for("LOG IN AGAIN");
    demo.settle(Duration::from_millis(400));
    save(&folder, "demo.svg", "idmux --demo: six users logged in side by side", &demo);
    demo.send("?");
    demo.settle(Duration::from_millis(400));
    save(&folder, "keys.svg", "the keys of idmux", &demo);
    demo.send("\u{1b}");
    demo.settle(Duration::from_millis(400));
    demo.quit();
}

fn save(folder: &std::path::Path, name: &str, title: &str, terminal: &Terminal) {
    let path = folder.join(name);
    std::fs::write(&path, svg(title, &terminal.styled())).expect("the picture is written");
}

/// One style, as it is drawn.
#[derive(PartialEq, Clone)]
struct Style {
    color: String,
    background: String,
    bold: bool,
    italic: bool,
    underline: bool,
}

fn style(cell: &vt100::Cell) -> Style {
    let color = |color: vt100::Color, otherwise: &str| match color {
        vt100::Color::Default => otherwise.to_owned(),
        vt100::Color::Idx(index) => indexed(index),
        vt100::Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
    };
    let mut style = Style {
        color: color(cell.fgcolor(), FOREGROUND),
        background: color(cell.bgcolor(), BACKGROUND),
        bold: cell.bold(),
        italic: cell.italic(),
        underline: cell.underline(),
    };
    if cell.dim() && cell.fgcolor() == vt100::Color::Default {
        style.color = "#868c99".into();
    }
    if cell.inverse() {
        std::mem::swap(&mut style.color, &mut style.background);
    }
    style
}

/// A colour of the 256 (the cube and the greys as xterm has them).
fn indexed(index: u8) -> String {
    match index {
        0..16 => PALETTE[usize::from(index)].to_owned(),
        16..232 => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            format!("#{:02x}{:02x}{:02x}", level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}

fn svg(title: &str, screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) =
        (f32::from(columns) * CELL.0 + 2.0 * MARGIN, f32::from(rows) * CELL.1 + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" \
         fill=\"{BACKGROUND}\"/>\n<g font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" \
         font-size=\"{TYPE}\" xml:space=\"preserve\">\n",
        title = escape(title)
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let start = column;
            let Some(first) = screen.cell(row, start).map(style) else { break };
            let mut text = String::new();
            while let Some(cell) = screen.cell(row, column).filter(|cell| style(cell) == first) {
                if !cell.is_wide_continuation() {
                    text.push_str(if cell.has_contents() { cell.contents() } else { " " });
                }
                column += 1;
            }
            run(&mut out, (row, start, column), &first, &text);
        }
    }
    out.push_str("</g>\n</svg>\n");
    out
}

fn run(out: &mut String, (row, start, end): (u16, u16, u16), style: &Style, text: &str) {
    let (x, y) = (MARGIN + f32::from(start) * CELL.0, MARGIN + f32::from(row) * CELL.1);
    let width = f32::from(end - start) * CELL.0;
    if style.background != BACKGROUND {
        let fill = &style.background;
        let height = CELL.1;
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{fill}\"/>"
        );
    }
    if text.trim().is_empty() && !style.underline {
        return;
    }
    let mut extra = String::new();
    for (on, attribute) in [
        (style.bold, " font-weight=\"bold\""),
        (style.italic, " font-style=\"italic\""),
        (style.underline, " text-decoration=\"underline\""),
    ] {
        extra.push_str(if on { attribute } else { "" });
    }
    // The length is given, so that the columns stand whatever the reader's font.
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{base:.1}\" textLength=\"{width:.1}\" fill=\"{color}\"{extra}>{text}</text>",
        base = y + CELL.1 * 0.76,
        color = style.color,
        text = escape(text),
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
