//! What whole sequences mean: cursor and function keys, modifiers, the mouse.
//!
//! After xterm's control sequences ("PC-Style Function Keys", "Mouse Tracking") and kitty's keyboard protocol. Whatever is
//! not among them is a reply of the terminal, and no key.

use crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::Input;

/// A control sequence: ESC `[`, parameters, and the byte that ends it.
pub fn control(parameters: &[u8], end: u8, alt: bool) -> Option<Input> {
    let text = std::str::from_utf8(parameters).ok()?;
    if let Some(click) = text.strip_prefix('<') {
        return sgr_mouse(click, end);
    }
    if text.bytes().any(|byte| !matches!(byte, b'0'..=b'9' | b';' | b':')) {
        return None;
    }
    let mut fields = text.split(';');
    let (first, second, third) = (fields.next().unwrap_or_default(), fields.next(), fields.next());
    let number: Option<u32> = first.parse().ok();
    let (modifiers, kind) = modifiers(second.unwrap_or_default())?;
    let event = |code, modifiers| Some(with_alt(KeyEvent::new_with_kind(code, modifiers, kind), alt));
    match end {
        // A position: where the cursor is, and not F3.
        b'R' => None,
        b'M' if third.is_some() => rxvt_mouse(text),
        b'Z' if first.is_empty() => event(KeyCode::BackTab, KeyModifiers::SHIFT),
        b'u' => text_key(first, modifiers).and_then(|(code, modifiers)| event(code, modifiers)),
        b'~' if number == Some(27) => {
            let (code, modifiers) = text_key(third?, modifiers)?;
            event(code, modifiers)
        }
        b'~' => event(numbered(number?)?, modifiers),
        _ => {
            let code = lettered(end)?;
            match (first, second) {
                ("" | "1", _) => event(code, modifiers),
                // Some leave the 1 out.
                (_, None) => event(code, self::modifiers(first)?.0),
                (_, Some(_)) => None,
            }
        }
    }
}

/// A key behind ESC `O`: a cursor or function key, or one of the keypad.
pub fn single_shift(parameters: &[u8], end: u8, alt: bool) -> Option<Input> {
    let text = std::str::from_utf8(parameters).ok()?;
    let (held, kind) = modifiers(text.rsplit(';').next().unwrap_or_default())?;
    let code = match end {
        b'R' => KeyCode::F(3),
        b'M' => KeyCode::Enter,
        b'X' => KeyCode::Char('='),
        b'j'..=b'y' => KeyCode::Char(char::from(end - b'j' + b'*')),
        _ => lettered(end)?,
    };
    Some(with_alt(KeyEvent::new_with_kind(code, held, kind), alt))
}

/// A function key of the Linux console.
pub fn console(end: u8) -> Option<KeyCode> {
    matches!(end, b'A'..=b'E').then(|| KeyCode::F(end - b'A' + 1))
}

/// A click as terminals told it before 1006: button, column and row, each in a byte that begins at a space.
pub fn old_mouse([button, column, row]: [u8; 3]) -> Option<Input> {
    let number = |byte: u8| byte.checked_sub(b' ').map(u16::from);
    mouse(number(button)?, number(column)?, number(row)?, false)
}

fn with_alt(mut key: KeyEvent, alt: bool) -> Input {
    key.modifiers.set(KeyModifiers::ALT, alt || key.modifiers.contains(KeyModifiers::ALT));
    Input::Key(key)
}

/// `modifiers:kind`, where modifiers are one more than the sum of their bits; none where nothing is said.
fn modifiers(field: &str) -> Option<(KeyModifiers, KeyEventKind)> {
    let mut parts = field.split(':');
    let bits = match parts.next().unwrap_or_default() {
        "" => 0,
        number => number.parse::<u32>().ok()?.saturating_sub(1),
    };
    let mut held = KeyModifiers::NONE;
    for (bit, modifier) in [
        KeyModifiers::SHIFT,
        KeyModifiers::ALT,
        KeyModifiers::CONTROL,
        KeyModifiers::SUPER,
        KeyModifiers::HYPER,
        KeyModifiers::META,
    ]
    .into_iter()
    .enumerate()
    {
        held.set(modifier, bits & (1 << bit) != 0);
    }
    let kind = match parts.next() {
        Some("2") => KeyEventKind::Repeat,
        Some("3") => KeyEventKind::Release,
        _ => KeyEventKind::Press,
    };
    Some((held, kind))
}

fn lettered(end: u8) -> Option<KeyCode> {
    Some(match end {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'E' => KeyCode::KeypadBegin,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P' => KeyCode::F(1),
        b'Q' => KeyCode::F(2),
        b'S' => KeyCode::F(4),
        _ => return None,
    })
}

fn numbered(number: u32) -> Option<KeyCode> {
    let function = |first: u32, key: u32| u8::try_from(number - first + key).ok().map(KeyCode::F);
    match number {
        1 | 7 => Some(KeyCode::Home),
        2 => Some(KeyCode::Insert),
        3 => Some(KeyCode::Delete),
        4 | 8 => Some(KeyCode::End),
        5 => Some(KeyCode::PageUp),
        6 => Some(KeyCode::PageDown),
        11..=15 => function(11, 1),
        17..=21 => function(17, 6),
        23..=26 => function(23, 11),
        28..=29 => function(28, 15),
        31..=34 => function(31, 17),
        _ => None,
    }
}

/// A key told by its character, and what it makes with Shift where that is told too.
fn text_key(field: &str, mut held: KeyModifiers) -> Option<(KeyCode, KeyModifiers)> {
    let mut codes = field.split(':').map(|code| code.parse::<u32>().ok().and_then(char::from_u32));
    let c = codes.next()??;
    let shift = held.contains(KeyModifiers::SHIFT);
    let code = match c {
        '\x1b' => KeyCode::Esc,
        '\r' => KeyCode::Enter,
        '\t' if shift => KeyCode::BackTab,
        '\t' => KeyCode::Tab,
        '\x7f' => KeyCode::Backspace,
        // The keypad and the others without a character, in kitty's private use area.
        '\u{e000}'..='\u{f8ff}' => private(c.into())?,
        c if c.is_control() => return None,
        c if shift => match codes.next().flatten() {
            Some(shifted) => {
                held.remove(KeyModifiers::SHIFT);
                KeyCode::Char(shifted)
            }
            None => KeyCode::Char(c.to_uppercase().next().filter(|_| c.is_lowercase()).unwrap_or(c)),
        },
        c => KeyCode::Char(c),
    };
    Some((code, held))
}

fn private(code: u32) -> Option<KeyCode> {
    Some(match code {
        57399..=57408 => KeyCode::Char(char::from_digit(code - 57399, 10)?),
        57409 => KeyCode::Char('.'),
        57410 => KeyCode::Char('/'),
        57411 => KeyCode::Char('*'),
        57412 => KeyCode::Char('-'),
        57413 => KeyCode::Char('+'),
        57414 => KeyCode::Enter,
        57415 => KeyCode::Char('='),
        57417 => KeyCode::Left,
        57418 => KeyCode::Right,
        57419 => KeyCode::Up,
        57420 => KeyCode::Down,
        57421 => KeyCode::PageUp,
        57422 => KeyCode::PageDown,
        57423 => KeyCode::Home,
        57424 => KeyCode::End,
        57425 => KeyCode::Insert,
        57426 => KeyCode::Delete,
        _ => return None,
    })
}

/// `button;column;row`, ended by `M`, or by `m` where the button was let go (1006).
fn sgr_mouse(text: &str, end: u8) -> Option<Input> {
    let (button, column, row) = click(text)?;
    matches!(end, b'M' | b'm').then(|| mouse(button, column, row, end == b'm')).flatten()
}

/// The same without a mark, the button counted from a space (1015).
fn rxvt_mouse(text: &str) -> Option<Input> {
    let (button, column, row) = click(text)?;
    mouse(button.checked_sub(32)?, column, row, false)
}

fn click(text: &str) -> Option<(u16, u16, u16)> {
    let mut fields = text.split(';').map(|field| field.parse().ok());
    let click = (fields.next()??, fields.next()??, fields.next()??);
    fields.next().is_none().then_some(click)
}

/// Two bits of `button` and its two highest name the button, and one says that the pointer moves; columns and rows count
/// from one.
fn mouse(button: u16, column: u16, row: u16, let_go: bool) -> Option<Input> {
    let bits = u8::try_from(button).ok()?;
    let number = (bits & 0b11) | ((bits & 0b1100_0000) >> 4);
    let held = match number {
        0 => MouseButton::Left,
        1 => MouseButton::Middle,
        _ => MouseButton::Right,
    };
    let kind = match (number, bits & 0b10_0000 != 0) {
        (0..=2, false) if let_go => MouseEventKind::Up(held),
        (0..=2, false) => MouseEventKind::Down(held),
        (0..=2, true) => MouseEventKind::Drag(held),
        (3, false) => MouseEventKind::Up(MouseButton::Left),
        (3..=5, true) => MouseEventKind::Moved,
        (4, false) => MouseEventKind::ScrollUp,
        (5, false) => MouseEventKind::ScrollDown,
        (6, false) => MouseEventKind::ScrollLeft,
        (7, false) => MouseEventKind::ScrollRight,
        _ => return None,
    };
    let mut modifiers = KeyModifiers::NONE;
    modifiers.set(KeyModifiers::SHIFT, bits & 0b100 != 0);
    modifiers.set(KeyModifiers::ALT, bits & 0b1000 != 0);
    modifiers.set(KeyModifiers::CONTROL, bits & 0b1_0000 != 0);
    let (column, row) = (column.checked_sub(1)?, row.checked_sub(1)?);
    Some(Input::Mouse(MouseEvent { kind, column, row, modifiers }))
}
