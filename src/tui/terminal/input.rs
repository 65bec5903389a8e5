//! From the bytes of a terminal to keys, clicks and pastes.
//!
//! A state machine that is told bytes and silence, however they are split. What begins with ESC is one sequence and is
//! taken whole, known or not (ECMA-48, section 5.4; xterm's control sequences): no byte inside it is ever a key. Only time
//! tells a lone ESC from the beginning of a sequence, so whoever reads the bytes waits for [`Parser::patience`], and then
//! says that there was [`Parser::silence`].

mod keys;

use std::fmt;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseEvent};
use zeroize::Zeroizing;

use super::background;
use crate::tui::theme::Background;

/// The longest sequence that means something, in bytes; the rest of a longer one is dropped, as is what it meant.
const LONGEST_SEQUENCE: usize = 64;

/// The longest paste that is kept, in bytes. No field takes as much.
const LONGEST_PASTE: usize = 256 * 1024;

/// What ends a bracketed paste.
const END_OF_PASTE: &[u8] = b"\x1b[201~";

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
/// CAN and SUB end any sequence.
const CANCEL: [u8; 2] = [0x18, 0x1a];

/// One thing that comes from the terminal.
#[derive(Clone, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// A click, the wheel, a movement with a button held.
    Mouse(MouseEvent),
    /// Text was pasted. It may be a password, so it does not print.
    Paste(Zeroizing<String>),
    /// The size is another, or was.
    Resize,
    /// The terminal says what is behind the text.
    Background(Background),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.debug_tuple("Key").field(&key.code).field(&key.modifiers).finish(),
            Self::Mouse(event) => f.debug_tuple("Mouse").field(event).finish(),
            Self::Paste(_) => f.write_str("Paste(…)"),
            Self::Resize => f.write_str("Resize"),
            Self::Background(background) => f.debug_tuple("Background").field(background).finish(),
        }
    }
}

/// How long a sequence that has begun is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// After a lone ESC. A person who presses it waits for so long.
    escape: Duration,
    /// Within a sequence.
    sequence: Duration,
    /// Within a bracketed paste.
    paste: Duration,
}

impl Patience {
    /// For a terminal on this machine.
    pub const LOCAL: Self = Self {
        escape: Duration::from_millis(40),
        sequence: Duration::from_millis(250),
        paste: Duration::from_millis(500),
    };

    /// For one at the other end of a network, where the parts of a sequence may come one after the other.
    pub const REMOTE: Self = Self {
        escape: Duration::from_millis(200),
        sequence: Duration::from_secs(1),
        paste: Duration::from_secs(2),
    };

    /// What the environment says of the way to the terminal.
    pub fn of_environment() -> Self {
        let remote = ["SSH_TTY", "SSH_CONNECTION"].iter().any(|name| std::env::var_os(name).is_some());
        if remote { Self::REMOTE } else { Self::LOCAL }
    }
}

/// Where in a sequence the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In none.
    Ground,
    /// In a character of several bytes.
    Character { bytes: [u8; 4], length: usize, alt: bool },
    /// After ESC, or after two.
    Escape { twice: bool },
    /// After ESC `O`; `alt` where two ESC came before.
    SingleShift { alt: bool },
    /// After ESC `[`.
    Control { alt: bool },
    /// After ESC `[` `[`, with which the Linux console begins a function key.
    Console { alt: bool },
    /// In the three bytes of a click as terminals told it before 1006.
    OldMouse { bytes: [u8; 3], length: usize },
    /// In OSC, DCS, APC, PM or SOS; `introducer` is the byte after ESC.
    String { introducer: u8 },
    /// After ESC in one, which ends it with a backslash.
    StringEscape { introducer: u8 },
    /// In a bracketed paste, with so many bytes of what ends it.
    Paste { matched: usize },
}

/// The state machine.
pub struct Parser {
    state: State,
    /// The bytes of a sequence behind its introducer.
    sequence: Vec<u8>,
    paste: Zeroizing<Vec<u8>>,
    patience: Patience,
}

impl Parser {
    /// At the beginning.
    pub fn new(patience: Patience) -> Self {
        Self { state: State::Ground, sequence: Vec::new(), paste: Zeroizing::default(), patience }
    }

    /// How long to wait for the next byte before it is [`Parser::silence`]; `None` where nothing has begun.
    pub fn patience(&self) -> Option<Duration> {
        match self.state {
            State::Ground => None,
            State::Escape { .. } => Some(self.patience.escape),
            State::Paste { .. } => Some(self.patience.paste),
            _ => Some(self.patience.sequence),
        }
    }

    /// Takes bytes in, and gives what they mean.
    pub fn feed(&mut self, bytes: &[u8], out: &mut impl Extend<Input>) {
        for byte in bytes {
            self.take(*byte, out);
        }
    }

    /// Nothing came for as long as was waited for: what has begun is over.
    pub fn silence(&mut self, out: &mut impl Extend<Input>) {
        let state = std::mem::replace(&mut self.state, State::Ground);
        let is_bare = self.sequence.is_empty();
        let alone = match state {
            State::Escape { twice } => {
                out.extend((0..=usize::from(twice)).map(|_| key(KeyCode::Esc, false)));
                None
            }
            // Somebody pressed Alt and a character that begins sequences.
            State::Control { .. } if is_bare => Some(b'['),
            State::SingleShift { .. } if is_bare => Some(b'O'),
            State::String { introducer } if is_bare => Some(introducer),
            State::Paste { .. } => {
                self.end_paste(out);
                None
            }
            _ => None,
        };
        out.extend(alone.map(|byte| character(byte.into(), true)));
        self.sequence.clear();
    }

    fn take(&mut self, byte: u8, out: &mut impl Extend<Input>) {
        match self.state {
            State::Paste { matched } => self.in_paste(byte, matched, out),
            State::String { introducer } => self.in_string(byte, introducer, out),
            State::StringEscape { introducer } if byte == b'\\' => {
                self.state = State::Ground;
                self.end_string(introducer, out);
            }
            // ESC ends a string without its terminator where it begins another sequence. Nobody presses it within one.
            State::StringEscape { .. } if byte == ESC => {}
            State::StringEscape { .. } => match byte {
                b'[' | b'O' | b']' | b'P' | b'X' | b'^' | b'_' => self.after_escape(byte, false, out),
                _ => self.begin(State::Ground),
            },
            State::Escape { twice } if byte == ESC => {
                out.extend(twice.then(|| key(KeyCode::Esc, false)));
                self.begin(State::Escape { twice: true });
            }
            _ if byte == ESC => self.begin(State::Escape { twice: false }),
            State::Ground => self.plain(byte, false, out),
            State::Escape { twice } => self.after_escape(byte, twice, out),
            State::Character { bytes, length, alt } => self.in_character(byte, (bytes, length), alt, out),
            State::OldMouse { mut bytes, length } => {
                bytes[length] = byte;
                if length + 1 < bytes.len() {
                    self.state = State::OldMouse { bytes, length: length + 1 };
                } else {
                    self.state = State::Ground;
                    out.extend(keys::old_mouse(bytes));
                }
            }
            _ if CANCEL.contains(&byte) => self.begin(State::Ground),
            State::Console { alt } => {
                self.begin(State::Ground);
                out.extend(keys::console(byte).map(|code| key(code, alt)));
            }
            State::SingleShift { alt } => match byte {
                b'0'..=b'?' => self.keep(byte),
                b'@'..=b'~' => {
                    self.state = State::Ground;
                    out.extend(keys::single_shift(&self.sequence, byte, alt));
                }
                _ => self.abandon(byte, out),
            },
            State::Control { alt } => match byte {
                b' '..=b'?' => self.keep(byte),
                b'@'..=b'~' => self.end_control(byte, alt, out),
                _ => self.abandon(byte, out),
            },
        }
    }

    /// A byte after ESC, or after two. Two before a sequence are how some terminals tell Alt with its key.
    fn after_escape(&mut self, byte: u8, twice: bool, out: &mut impl Extend<Input>) {
        match byte {
            b'[' => return self.begin(State::Control { alt: twice }),
            b'O' => return self.begin(State::SingleShift { alt: twice }),
            _ => out.extend(twice.then(|| key(KeyCode::Esc, false))),
        }
        match byte {
            b']' | b'P' | b'X' | b'^' | b'_' => self.begin(State::String { introducer: byte }),
            _ => self.plain(byte, true, out),
        }
    }

    /// A byte outside of sequences; behind ESC it was pressed with Alt.
    fn plain(&mut self, byte: u8, alt: bool, out: &mut impl Extend<Input>) {
        self.state = State::Ground;
        let control = |c: u8| {
            let mut key = KeyEvent::new(KeyCode::Char(c.into()), KeyModifiers::CONTROL);
            key.modifiers.set(KeyModifiers::ALT, alt);
            Input::Key(key)
        };
        out.extend(match byte {
            b'\r' => Some(key(KeyCode::Enter, alt)),
            b'\t' => Some(key(KeyCode::Tab, alt)),
            0x7f => Some(key(KeyCode::Backspace, alt)),
            0 => Some(control(b' ')),
            0x01..=0x1a => Some(control(byte - 1 + b'a')),
            0x1c..=0x1f => Some(control(byte - 0x1c + b'4')),
            b' '..=b'~' => Some(character(byte.into(), alt)),
            0xc2..=0xf4 => {
                self.state = State::Character { bytes: [byte, 0, 0, 0], length: 1, alt };
                None
            }
            // No byte of UTF-8 at the beginning of a character.
            _ => None,
        });
    }

    fn in_character(
        &mut self,
        byte: u8,
        (mut bytes, mut length): ([u8; 4], usize),
        alt: bool,
        out: &mut impl Extend<Input>,
    ) {
        if !(0x80..=0xbf).contains(&byte) {
            return self.abandon(byte, out);
        }
        bytes[length] = byte;
        length += 1;
        let whole = match bytes[0] {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            _ => 4,
        };
        if length < whole {
            self.state = State::Character { bytes, length, alt };
            return;
        }
        self.state = State::Ground;
        let text = std::str::from_utf8(&bytes[..length]).ok();
        out.extend(text.and_then(|text| text.chars().next()).map(|c| character(c, alt)));
    }

    fn end_control(&mut self, byte: u8, alt: bool, out: &mut impl Extend<Input>) {
        self.state = match (self.sequence.as_slice(), byte) {
            ([], b'[') => State::Console { alt },
            ([], b'M') => State::OldMouse { bytes: [0; 3], length: 0 },
            (b"200", b'~') => State::Paste { matched: 0 },
            (parameters, _) => {
                if parameters.len() < LONGEST_SEQUENCE {
                    out.extend(keys::control(parameters, byte, alt));
                }
                State::Ground
            }
        };
    }

    fn in_string(&mut self, byte: u8, introducer: u8, out: &mut impl Extend<Input>) {
        match byte {
            ESC => self.state = State::StringEscape { introducer },
            // xterm ends OSC with it as well, and only OSC.
            BEL if introducer == b']' => {
                self.state = State::Ground;
                self.end_string(introducer, out);
            }
            byte if CANCEL.contains(&byte) => self.begin(State::Ground),
            byte => self.keep(byte),
        }
    }

    fn end_string(&mut self, introducer: u8, out: &mut impl Extend<Input>) {
        if introducer == b']' && self.sequence.len() < LONGEST_SEQUENCE {
            let background = std::str::from_utf8(&self.sequence).ok().and_then(background::parse);
            out.extend(background.map(Input::Background));
        }
    }

    fn in_paste(&mut self, byte: u8, matched: usize, out: &mut impl Extend<Input>) {
        if byte == END_OF_PASTE[matched] {
            let matched = matched + 1;
            self.state = State::Paste { matched };
            if matched == END_OF_PASTE.len() {
                self.state = State::Ground;
                self.end_paste(out);
            }
            return;
        }
        self.keep_pasted(&END_OF_PASTE[..matched]);
        self.state = State::Paste { matched: 0 };
        if byte == ESC {
            self.state = State::Paste { matched: 1 };
        } else {
            self.keep_pasted(&[byte]);
        }
    }

    fn keep_pasted(&mut self, bytes: &[u8]) {
        let wanted = self.paste.len() + bytes.len();
        if wanted > LONGEST_PASTE {
            return;
        }
        if wanted > self.paste.capacity() {
            // A growing vector frees its old buffer as it is; this one is wiped.
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * wanted.max(2048)));
            larger.extend_from_slice(&self.paste);
            self.paste = larger;
        }
        self.paste.extend_from_slice(bytes);
    }

    fn end_paste(&mut self, out: &mut impl Extend<Input>) {
        let bytes = std::mem::take(&mut self.paste);
        out.extend([Input::Paste(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))]);
    }

    /// A byte that no sequence has: it was given up, and the byte stands for itself.
    fn abandon(&mut self, byte: u8, out: &mut impl Extend<Input>) {
        self.begin(State::Ground);
        self.take(byte, out);
    }

    fn begin(&mut self, state: State) {
        self.sequence.clear();
        self.state = state;
    }

    fn keep(&mut self, byte: u8) {
        if self.sequence.len() < LONGEST_SEQUENCE {
            self.sequence.push(byte);
        }
    }
}

fn key(code: KeyCode, alt: bool) -> Input {
    Input::Key(KeyEvent::new(code, if alt { KeyModifiers::ALT } else { KeyModifiers::NONE }))
}

/// A character as crossterm tells it: a capital letter was pressed with Shift.
fn character(c: char, alt: bool) -> Input {
    let mut key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
    key.modifiers.set(KeyModifiers::ALT, alt);
    key.modifiers.set(KeyModifiers::SHIFT, c.is_uppercase());
    Input::Key(key)
}

#[cfg(test)]
mod tests;
