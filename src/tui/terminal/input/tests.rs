//! Kind: bytes within an escape sequence taken for keys, wherever a slow link splits it, and replies of the terminal that
//! nobody asked for.

use crossterm::event::{KeyEventKind, MouseButton, MouseEventKind};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const NONE: KeyModifiers = KeyModifiers::NONE;
const ALT: KeyModifiers = KeyModifiers::ALT;
const CONTROL: KeyModifiers = KeyModifiers::CONTROL;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

fn parser() -> Parser {
    Parser::new(Patience::LOCAL)
}

/// What bytes mean that come at once, before anybody has waited.
fn at_once(bytes: &[u8]) -> Vec<Input> {
    let mut out = Vec::new();
    parser().feed(bytes, &mut out);
    out
}

/// What they mean when nothing follows.
fn then_silence(bytes: &[u8]) -> Vec<Input> {
    let (mut parser, mut out) = (parser(), Vec::new());
    parser.feed(bytes, &mut out);
    parser.silence(&mut out);
    assert_eq!(parser.patience(), None, "{bytes:?}: silence ends whatever has begun");
    out
}

fn press(code: KeyCode, modifiers: KeyModifiers) -> Vec<Input> {
    vec![Input::Key(KeyEvent::new(code, modifiers))]
}

fn pasted(text: &str) -> Input {
    Input::Paste(Zeroizing::new(text.to_owned()))
}

fn click(kind: MouseEventKind, column: u16, row: u16) -> Vec<Input> {
    vec![Input::Mouse(MouseEvent { kind, column, row, modifiers: NONE })]
}

/// Whole inputs, with what they mean.
fn known() -> Vec<(Vec<u8>, Vec<Input>)> {
    use KeyCode::*;
    let keys: &[(&str, KeyCode, KeyModifiers)] = &[
        ("a", Char('a'), NONE),
        ("Q", Char('Q'), SHIFT),
        ("é", Char('é'), NONE),
        ("名", Char('名'), NONE),
        ("🦀", Char('🦀'), NONE),
        ("\r", Enter, NONE),
        ("\t", Tab, NONE),
        ("\x7f", Backspace, NONE),
        ("\0", Char(' '), CONTROL),
        ("\x03", Char('c'), CONTROL),
        ("\x1f", Char('7'), CONTROL),
        ("\x1bx", Char('x'), ALT),
        ("\x1bé", Char('é'), ALT),
        ("\x1b\r", Enter, ALT),
        ("\x1b[A", Up, NONE),
        ("\x1b[D", Left, NONE),
        ("\x1b[1;5D", Left, CONTROL),
        ("\x1b[5D", Left, CONTROL),
        ("\x1b[1;1:2C", Right, NONE),
        ("\x1b\x1b[D", Left, ALT),
        ("\x1bOA", Up, NONE),
        ("\x1bOP", F(1), NONE),
        ("\x1bOR", F(3), NONE),
        ("\x1bOp", Char('0'), NONE),
        ("\x1bO5A", Up, CONTROL),
        ("\x1b[[C", F(3), NONE),
        ("\x1b[H", Home, NONE),
        ("\x1b[4~", End, NONE),
        ("\x1b[3;2~", Delete, SHIFT),
        ("\x1b[5~", PageUp, NONE),
        ("\x1b[15~", F(5), NONE),
        ("\x1b[24~", F(12), NONE),
        ("\x1b[Z", BackTab, SHIFT),
        ("\x1b[97;5u", Char('a'), CONTROL),
        ("\x1b[27u", Esc, NONE),
        ("\x1b[97:65;2u", Char('A'), NONE),
        ("\x1b[57414u", Enter, NONE),
        ("\x1b[27;5;9~", Tab, CONTROL),
    ];
    let left = MouseButton::Left;
    let others: [(&str, Vec<Input>); 8] = [
        ("\x1b[<0;50;10M", click(MouseEventKind::Down(left), 49, 9)),
        ("\x1b[<0;50;10m", click(MouseEventKind::Up(left), 49, 9)),
        ("\x1b[<64;1;1M", click(MouseEventKind::ScrollUp, 0, 0)),
        ("\x1b[<32;300;90M", click(MouseEventKind::Drag(left), 299, 89)),
        ("\x1b[96;2;3M", click(MouseEventKind::ScrollUp, 1, 2)),
        ("\x1b[M +*", click(MouseEventKind::Down(left), 10, 9)),
        ("\x1b[200~x\n\x1b[D é\x1b[201~", vec![pasted("x\n\x1b[D é")]),
        ("\x1b]11;rgb:ffff/ffff/ffff\x1b\\", vec![Input::Background(Background::Light)]),
    ];
    let keys = keys.iter().map(|(text, code, held)| (text.as_bytes().to_vec(), press(*code, *held)));
    keys.chain(others.map(|(text, inputs)| (text.as_bytes().to_vec(), inputs))).collect()
}

/// The kind of a key event is no part of `known`; a repeat is one.
fn without_kinds(inputs: Vec<Input>) -> Vec<Input> {
    let press = |input| match input {
        Input::Key(key) => Input::Key(KeyEvent { kind: KeyEventKind::Press, ..key }),
        input => input,
    };
    inputs.into_iter().map(press).collect()
}

/// Replies, reports and whatever else a terminal may send; none is a key.
fn replies() -> Vec<Vec<u8>> {
    let texts: &[&str] = &[
        "\x1b[?62;22;52c",
        "\x1b[>0;276;0c",
        "\x1b[=1;2c",
        "\x1b[0n",
        "\x1b[24;80R",
        "\x1b[1;2R",
        "\x1b[?997;1n",
        "\x1b[?2026;2$y",
        "\x1b[4;1$y",
        "\x1b[?1u",
        "\x1b[8;40;120t",
        "\x1b[2;1;1;112;112;1;0x",
        "\x1b[I",
        "\x1b[O",
        "\x1b[201~",
        "\x1b[99~",
        "\x1b[3;9A",
        "\x1b[q",
        "\x1b[ q",
        "\x1b[M\x1b[<0;0;0M",
        "\x1b[<0;1M",
        "\x1b[99999999999999;2A",
        "\x1b]4;1;rgb:0/0/0\x07",
        "\x1b]52;c;RFFxag==\x1b\\",
        "\x1b]lD q j\x1b\\",
        "\x1b]11;nothing\x07",
        "\x1bP>|XTerm(367)\x1b\\",
        "\x1bP1$r0 q\x1b\\",
        "\x1bP0+r\x07D\x1b\\",
        "\x1b_Gi=31;OK\x1b\\",
        "\x1b^D\x1b\\",
        "\x1bXq\x1b\\",
        "\x1bOz",
        "\x1b[[z",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[test]
fn whole_keys_are_what_they_are() {
    for (bytes, inputs) in known() {
        let name = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(without_kinds(at_once(&bytes)), inputs, "{name:?}");
    }
    let Input::Key(released) = &at_once(b"\x1b[97;1:3u")[0] else { panic!("a key") };
    assert_eq!(released.kind, KeyEventKind::Release);
}

#[test]
fn replies_that_nobody_asked_for_are_no_keys() {
    for bytes in replies() {
        let name = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(at_once(&bytes), [], "{name:?}");
        assert_eq!(at_once(&[&bytes[..], b"k"].concat()), press(KeyCode::Char('k'), NONE), "{name:?}");
    }
}

#[test]
fn a_lone_escape_is_a_key_once_nothing_follows() {
    assert_eq!(at_once(b"\x1b"), []);
    assert_eq!(then_silence(b"\x1b"), press(KeyCode::Esc, NONE));
    assert_eq!(then_silence(b"\x1b\x1b"), [press(KeyCode::Esc, NONE), press(KeyCode::Esc, NONE)].concat());
    // A held key repeats.
    assert_eq!(then_silence(b"\x1b\x1b\x1b").len(), 3);
    let (mut parser, mut out) = (parser(), Vec::new());
    parser.feed(b"\x1b", &mut out);
    assert_eq!(parser.patience(), Some(Patience::LOCAL.escape));
    parser.feed(b"[", &mut out);
    assert_eq!(parser.patience(), Some(Patience::LOCAL.sequence));
    parser.feed(b"D", &mut out);
    assert_eq!((parser.patience(), out), (None, press(KeyCode::Left, NONE)));
}

#[test]
fn alt_with_a_character_that_begins_sequences_is_a_key_once_nothing_follows() {
    for (bytes, c) in [(b"\x1b[", '['), (b"\x1b]", ']'), (b"\x1b_", '_'), (b"\x1b^", '^')] {
        assert_eq!(then_silence(bytes), press(KeyCode::Char(c), ALT));
    }
    for (bytes, c) in [(b"\x1bO", 'O'), (b"\x1bP", 'P'), (b"\x1bX", 'X')] {
        assert_eq!(then_silence(bytes), press(KeyCode::Char(c), ALT | SHIFT));
    }
}

#[test]
fn a_sequence_that_stops_short_is_nothing() {
    for bytes in [&b"\x1b[1;5"[..], b"\x1b[<0;5", b"\x1b]11;rgb:f", b"\x1bPabc", b"\x1b]x\x1b", b"\xe5\x90"] {
        assert_eq!(then_silence(bytes), [], "{bytes:?}");
    }
    // Another key ends it as well, and is one.
    assert_eq!(at_once(b"\x1b[1;5\x1b[D"), press(KeyCode::Left, NONE));
    assert_eq!(at_once(b"\x1b]11;rgb:f\x1b[D"), press(KeyCode::Left, NONE));
    assert_eq!(at_once(b"\x1b[1;5\x18k"), press(KeyCode::Char('k'), NONE));
    assert_eq!(at_once(b"\xe5k"), press(KeyCode::Char('k'), NONE));
}

#[test]
fn a_paste_without_its_end_is_one_when_nothing_follows() {
    assert_eq!(at_once(b"\x1b[200~qD"), []);
    assert_eq!(then_silence(b"\x1b[200~qD"), [pasted("qD")]);
    assert_eq!(then_silence(b"\x1b[200~qD\x1b[20"), [pasted("qD")]);
}

/// Kind: work that grows with the square of what comes, and memory without a bound.
#[test]
fn a_long_paste_is_whole_and_an_endless_one_is_bounded() {
    let length = |count: usize| {
        let bytes = ["\x1b[200~".as_bytes(), &b"x".repeat(count), b"\x1b[201~"].concat();
        match at_once(&bytes).as_slice() {
            [Input::Paste(text)] => text.len(),
            other => panic!("one paste: {other:?}"),
        }
    };
    assert_eq!(length(200_000), 200_000);
    assert_eq!(length(10 * LONGEST_PASTE), LONGEST_PASTE);
    let mut endless = parser();
    for _ in 0..100 {
        endless.feed(&[b"\x1b]0;".as_slice(), &b"x".repeat(10_000)].concat(), &mut Vec::new());
    }
    assert!(endless.sequence.capacity() <= 2 * LONGEST_SEQUENCE);
}

#[test]
fn what_was_pasted_does_not_print() {
    assert!(!format!("{:?}", pasted("hunter2")).contains("hunter2"));
}

/// Parts of a text of bytes, cut at these places.
fn parts(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|ends| bytes[ends[0]..ends[1]].to_vec()).collect()
}

fn in_parts(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<Input> {
    let (mut parser, mut out) = (parser(), Vec::new());
    for part in parts(bytes, cuts) {
        parser.feed(&part, &mut out);
    }
    out
}

/// A string of the terminal with any text inside, as long as nothing in it ends it.
fn strings() -> impl Strategy<Value = Vec<u8>> {
    (select(&b"]PX^_"[..]), "[ -~\t\r\né]{0,90}").prop_map(|(introducer, text)| {
        [&[ESC, introducer], text.replace("11;", "").as_bytes(), b"\x1b\\"].concat()
    })
}

/// A control sequence that no key has: a private mark, or a byte in between.
fn reports() -> impl Strategy<Value = Vec<u8>> {
    "(\\?|>|=)[0-9;:]{0,80}[ !$]{0,2}[@-~]".prop_map(|text| [b"\x1b[".as_slice(), text.as_bytes()].concat())
}

proptest! {
    #[test]
    fn no_action_but_those_of_whole_keys_however_they_are_split(
        sent in vec(
            prop_oneof![
                3 => select(known()),
                1 => select(replies()).prop_map(|bytes| (bytes, vec![])),
                1 => strings().prop_map(|bytes| (bytes, vec![])),
                1 => reports().prop_map(|bytes| (bytes, vec![])),
            ],
            0..12,
        ),
        cuts in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let bytes: Vec<u8> = sent.iter().flat_map(|(bytes, _)| bytes.clone()).collect();
        let inputs: Vec<Input> = sent.into_iter().flat_map(|(_, inputs)| inputs).collect();
        prop_assert_eq!(without_kinds(in_parts(&bytes, &cuts)), inputs);
    }

    #[test]
    fn any_bytes_mean_the_same_however_they_are_split_and_silence_ends_them(
        bytes in vec(prop_oneof![any::<u8>(), select(&b"\x1b\x1b[]OP<0;~Mm\\\x07\x18"[..])], 0..60),
        cuts in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        prop_assert_eq!(in_parts(&bytes, &cuts), at_once(&bytes));
        let (mut parser, mut out) = (parser(), Vec::new());
        parser.feed(&bytes, &mut out);
        parser.silence(&mut out);
        out.clear();
        parser.feed(b"k", &mut out);
        prop_assert_eq!(out, press(KeyCode::Char('k'), NONE));
    }
}
