//! A person who changes the size of the terminal in the middle of everything, and one who does not.

use super::{LARGE, SMALL, Size, Terminal};

/// Too small for anything but the words that say so.
const TINY: Size = Size(60, 15);

/// Who makes a journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person {
    Calm,
    Restless,
}

impl Person {
    /// With a dialog open that shows `text`: all sizes, and back to `size`. The dialog is then what it was.
    pub fn stirs(self, idmux: &Terminal, size: Size, text: &str) {
        let whole = |screen: &str| screen.contains(text) && screen.contains('┗');
        let screen = idmux.wait_until(&format!("a dialog with {text:?}"), whole);
        if self == Self::Calm {
            return;
        }
        let before = dialog(&screen);
        for other in [SMALL, LARGE] {
            idmux.resize(other);
            idmux.wait_until(&format!("{text:?} at {other:?}"), |screen| {
                whole(screen) && screen.lines().count() == usize::from(other.1)
            });
        }
        idmux.resize(TINY);
        idmux.wait_for("80x24");
        idmux.resize(size);
        idmux.wait_until(&format!("the dialog as it was:\n{before}"), |screen| dialog(screen) == before);
    }
}

/// Makes a journey twice; both see the same in the end.
pub fn twice(journey: fn(Person) -> String) {
    let restless = std::thread::spawn(move || journey(Person::Restless));
    let calm = journey(Person::Calm);
    let restless = restless.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    assert_eq!(restless, calm, "left: with resizes, right: without");
}

/// The open dialogs alone, which is what stands inside of heavy lines, whatever the time is.
fn dialog(screen: &str) -> String {
    let inside = screen.lines().filter_map(|line| {
        let (begin, end) = (line.find(['┏', '┃', '┗'])?, line.rfind(['┓', '┃', '┛'])?);
        line.get(begin..end)
    });
    let inside: String = inside.map(|line| format!("{line}\n")).collect();
    inside.replace(|c: char| c.is_ascii_digit(), "#")
}

/// A screen without what differs between two runs: ids, ports, moments, how far they are apart, and which lines of a pane
/// are in sight of how many, since a pane may be read again just then.
pub fn lasting(screen: &str) -> String {
    let of_word = |word: &str| match word {
        word if word.starts_with('…') || word.chars().any(|c| c.is_ascii_digit()) => "#".to_owned(),
        word => word.to_owned(),
    };
    let of_line = |line: &str| {
        let line = line.split_whitespace().map(of_word).collect::<Vec<_>>().join(" ");
        let mut line = line.replace(" # of # ", "─");
        while line.contains("──") {
            line = line.replace("──", "─");
        }
        line
    };
    screen.lines().map(|line| of_line(line) + "\n").collect()
}
