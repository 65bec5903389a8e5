use std::collections::VecDeque;
use std::io::Write;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Waker};

use crossterm::event::{KeyCode, KeyEvent};
use futures_util::FutureExt;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{TerminalOptions, Viewport};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::account::{AppAlias, Claims, Lifetime, Provider, SessionState, UserId, UserKey};
use crate::clock::ManualClock;
use crate::session::{
    self, Envelope, KeySource, ReadTimeline, Snapshot, Subject, TokenView, UserView, VaultStatus,
};
use crate::tui::terminal::Quiet;
use crate::tui::theme::Theme;
use crate::tui::{Keymap, Look};

/// What was written to the terminal.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

/// Keys as a stream may give them: whoever asks first is woken, until there is something.
#[derive(Clone, Default)]
struct Keys(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    inputs: VecDeque<io::Result<Input>>,
    first_to_ask: Option<Waker>,
    ended: bool,
}

impl Keys {
    fn push(&self, input: io::Result<Input>) {
        self.change(|queue| queue.inputs.push_back(input));
    }

    fn end(&self) {
        self.change(|queue| queue.ended = true);
    }

    fn change(&self, change: impl FnOnce(&mut Queue)) {
        let mut queue = self.0.lock().unwrap();
        change(&mut queue);
        if let Some(waker) = queue.first_to_ask.take() {
            waker.wake();
        }
    }
}

impl Stream for Keys {
    type Item = io::Result<Input>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut queue = self.0.lock().unwrap();
        match queue.inputs.pop_front() {
            Some(input) => Poll::Ready(Some(input)),
            None if queue.ended => Poll::Ready(None),
            None => {
                queue.first_to_ask.get_or_insert_with(|| context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Lend for Keys {
    fn lend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn take_back(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A running interface, and the far ends of everything that it holds.
struct Running {
    keys: Keys,
    commands: mpsc::Receiver<Envelope>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    events: mpsc::Sender<Event>,
    clock: Arc<ManualClock>,
    stop: CancellationToken,
    end: oneshot::Sender<()>,
    written: Written,
    task: JoinHandle<Result<(), TuiError>>,
}

fn start_of_time() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// A worker with one user whose access token lives for `seconds`; without a token for 0.
fn snapshot(seconds: i64) -> Arc<Snapshot> {
    let now = start_of_time();
    let life = Lifetime::new(now, now + SignedDuration::from_secs(seconds));
    let token = TokenView { fingerprint: "f".into(), lifetime: Some(life), claims: Claims::new() };
    let user = UserView {
        key: UserKey { app: AppAlias::new("local"), id: UserId::new("1") },
        label: "ada@example.com".into(),
        provider: Provider::EmailPassword,
        profile: None,
        state: SessionState::Active,
        access: (seconds > 0).then_some(token),
        refresh: None,
        next_refresh: None,
        last_refresh: None,
        custom_data: None,
        api_keys: None,
        source: None,
    };
    Arc::new(Snapshot {
        version: 1,
        vault: VaultStatus::Open { key: KeySource::Keyring, set_aside: vec![] },
        apps: vec![],
        users: [Arc::new(user)].into_iter().collect(),
    })
}

async fn running(snapshot: Arc<Snapshot>) -> Running {
    running_with_room(snapshot, 1).await
}

/// One whose worker takes so many commands before it is busy.
async fn running_with_room(snapshot: Arc<Snapshot>, room: usize) -> Running {
    let keys = Keys::default();
    let (command_ends, commands) = mpsc::channel(room);
    let (snapshots, snapshot_ends) = watch::channel(snapshot);
    let (events, event_ends) = mpsc::channel(8);
    let (first_frame, first_frame_drawn) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    let clock = Arc::new(ManualClock::new(start_of_time()));
    let stop = CancellationToken::new();
    let written = Written::default();
    let backend = Quiet::new(CrosstermBackend::new(written.clone()));
    let viewport = Viewport::Fixed(Rect::new(0, 0, 80, 24));
    let mut terminal = Terminal::with_options(backend, TerminalOptions { viewport }).unwrap();
    let setup = Setup {
        session: SessionHandle { operations: command_ends, snapshots: snapshot_ends, events: event_ends },
        clock: clock.clone(),
        stop: stop.clone(),
        first_frame,
        demo: true,
        auto_lock: None,
        look: Look::fixed(Theme::mono()),
        notify: Notify::NEVER,
        keymap: Keymap::default(),
        mouse: true,
    };
    let key_stream = keys.clone();
    let task = tokio::spawn(async move {
        let ended = ended.map(|_| ());
        run(&mut terminal, key_stream, ended, futures_util::stream::pending(), setup).await
    });
    first_frame_drawn.await.expect("the first frame is drawn");
    Running { keys, commands, snapshots, events, clock, stop, end, written, task }
}

impl Running {
    fn press(&self, c: char) {
        self.keys.push(Ok(Input::Key(KeyEvent::from(KeyCode::Char(c)))));
    }

    /// Lets time pass, on the wall and for the loop alike.
    async fn pass(&self, millis: i64) {
        self.clock.advance(SignedDuration::from_millis(millis));
        tokio::time::sleep(Duration::from_millis(millis as u64)).await;
        // A millisecond more, so that what is due exactly now has happened.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_screen_on_which_nothing_changes_is_not_written_to() {
    let running = running(snapshot(0)).await;
    assert!(running.written.take().contains("ada@example.com"));
    running.pass(3_600_000).await;
    running.snapshots.send(snapshot(0)).unwrap();
    running.pass(1000).await;
    assert_eq!(running.written.take(), "");
}

#[tokio::test(start_paused = true)]
async fn a_countdown_costs_one_small_write_a_second() {
    let running = running(snapshot(20)).await;
    running.written.take();
    for left in ["19", "18", "17"] {
        running.pass(1000).await;
        let bytes = running.written.take();
        assert_eq!(bytes.matches("\x1b[?2026h").count(), 1, "{bytes:?}");
        assert!(bytes.contains(left.split_at(1).1) && bytes.len() < 200, "{left}: {bytes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_is_noticed_within_half_a_minute() {
    let running = running(snapshot(50_000)).await;
    running.written.take();
    running.clock.advance(SignedDuration::from_secs(60_000));
    tokio::time::sleep(LONGEST_NAP + Duration::from_secs(1)).await;
    assert!(running.written.take().contains("over"));
}

#[tokio::test(start_paused = true)]
async fn a_key_becomes_a_command() {
    let mut running = running(snapshot(0)).await;
    running.press('s');
    let envelope = running.commands.recv().await.unwrap();
    assert!(matches!(envelope.operation.downcast_ref(), Some(session::MakeCurrent { .. })));
}

/// `snapshot` with more users of the same kind.
fn with_others(snapshot: &Snapshot, others: usize) -> Arc<Snapshot> {
    let mut all = snapshot.clone();
    for number in 0..others {
        let mut user = (*snapshot.users[0]).clone();
        user.key.id = UserId::new(format!("other {number}"));
        all.users.push_back(Arc::new(user));
    }
    Arc::new(all)
}

#[tokio::test(start_paused = true)]
async fn a_timeline_is_read_at_once_or_when_the_selection_rests_and_then_nothing_wakes_the_loop() {
    let snapshot = with_others(&snapshot(0), 3);
    let mut running = running(snapshot.clone()).await;
    running.press('5');
    running.pass(1).await;
    let asked = |envelope: Envelope| {
        let ReadTimeline { user } = envelope.operation.downcast_ref().expect("a timeline is asked for");
        user.clone()
    };
    let first = running.commands.try_recv().expect("a single key has its answer at once");
    assert_eq!(asked(first), snapshot.users[0].key);
    // Whoever goes on before the selection rests has asked for nothing.
    for c in "1j51j51j5".chars() {
        running.press(c);
        running.pass(30).await;
        assert!(running.commands.try_recv().is_err());
    }
    running.pass(200).await;
    let last = running.commands.try_recv().expect("it is asked for");
    assert_eq!(asked(last), snapshot.users[3].key);
    let subject = Subject::User { key: snapshot.users[3].key.clone(), label: "ada".into() };
    let kind = session::Timeline(vec![]).into();
    running.events.send(Event { at: start_of_time(), request: None, subject, kind }).await.unwrap();
    running.pass(10).await;
    assert!(running.written.take().contains("noted"));
    running.pass(3_600_000).await;
    assert_eq!(running.written.take(), "");
    assert!(running.commands.try_recv().is_err(), "once");
}

/// Kind: effects that run in another order than the one in which they were returned.
#[tokio::test(start_paused = true)]
async fn effects_run_in_their_order() {
    let snapshot = with_others(&snapshot(0), 5);
    let mut running = running_with_room(snapshot.clone(), 16).await;
    running.press('v');
    running.press('R');
    running.pass(10).await;
    let mut refreshed = Vec::new();
    while let Ok(Envelope { operation, .. }) = running.commands.try_recv() {
        if let Some(session::Refresh { user }) = operation.downcast_ref() {
            refreshed.push(user.clone());
        }
    }
    assert_eq!(refreshed, snapshot.users.iter().map(|user| user.key.clone()).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn every_key_wakes_a_loop_that_nothing_else_wakes() {
    let running = running(snapshot(0)).await;
    for c in "?q?".chars() {
        running.written.take();
        running.press(c);
        running.pass(1).await;
        assert_ne!(running.written.take(), "", "{c}");
    }
}

/// A terminal that was small for a moment has cut off what stood outside, and has its size again when it is asked.
#[tokio::test(start_paused = true)]
async fn a_size_that_changed_and_changed_back_has_the_whole_frame_written_anew() {
    let running = running(snapshot(0)).await;
    running.written.take();
    running.keys.push(Ok(Input::Resize));
    running.pass(1).await;
    let bytes = running.written.take();
    assert!(bytes.contains("ada@example.com"), "{bytes:?}");
    assert_eq!(bytes.matches("\x1b[?2026h").count(), 1, "cleared and written in one update: {bytes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_busy_is_not_waited_for() {
    let running = running(snapshot(0)).await;
    running.press('s');
    running.press('s');
    running.pass(10).await;
    assert!(running.written.take().contains("too much"));
}

#[tokio::test(start_paused = true)]
async fn events_are_told() {
    let running = running(snapshot(0)).await;
    running.written.take();
    let event = Event {
        at: start_of_time(),
        request: None,
        subject: Subject::Device,
        kind: session::AppAdded.into(),
    };
    running.events.send(event).await.unwrap();
    running.pass(1).await;
    let bytes = running.written.take();
    // The blank between the two words was there before.
    assert!(bytes.contains("app") && bytes.contains("added"), "{bytes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stopped_is_told_once_and_does_not_spin() {
    let Running { snapshots, events, written, task, keys, end, .. } = running(snapshot(0)).await;
    drop((snapshots, events));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(written.take().contains("has stopped"));
    keys.push(Ok(Input::Key(KeyEvent::from(KeyCode::Char('q')))));
    task.await.unwrap().unwrap();
    drop(end);
}

#[tokio::test(start_paused = true)]
async fn everything_that_ends_the_program_ends_the_loop() {
    let by_key = running(snapshot(0)).await;
    by_key.press('q');
    by_key.task.await.unwrap().unwrap();

    let by_token = running(snapshot(0)).await;
    by_token.stop.cancel();
    by_token.task.await.unwrap().unwrap();

    let by_signal = running(snapshot(0)).await;
    by_signal.end.send(()).unwrap();
    by_signal.task.await.unwrap().unwrap();

    let by_end_of_input = running(snapshot(0)).await;
    by_end_of_input.keys.end();
    by_end_of_input.task.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_terminal_that_fails_ends_the_loop_with_its_error() {
    let running = running(snapshot(0)).await;
    running.keys.push(Err(io::Error::other("gone")));
    let error = running.task.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("gone"), "{error}");
}
