//! What one frame costs, from the news to the drawn cells, with few users of several apps and with many. Users that are not
//! on the screen cost nothing.

#[path = "../tests/screens/fixture.rs"]
#[allow(dead_code)]
mod fixture;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use crossterm::event::{KeyCode, KeyEvent};
use idmux::account::{AppAlias, Severity, UserKey};
use idmux::session::{self, AppView, Event, Snapshot, Subject, TimelineEntry, UserView};
use idmux::tui::Look;
use idmux::tui::message::Message;
use idmux::tui::model::Model;
use idmux::tui::next_change;
use idmux::tui::state::Start;
use idmux::tui::theme::Theme;
use idmux::tui::update::update;
use idmux::tui::view::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;

const SIZE: Size = Size { width: 120, height: 40 };
const USERS: [usize; 3] = [10, 1_000, 10_000];
/// Apps that the users are spread over.
const APPS: usize = 5;

fn snapshot(users: usize) -> Snapshot {
    let alias = |app: usize| AppAlias::new(format!("app{app}"));
    let each = users.div_ceil(APPS);
    let mut snapshot = fixture::with_users((0..users).map(|number| {
        let mut user = fixture::user(number, &format!("user{number}@example.com"));
        user.key.app = alias(number / each);
        user
    }));
    snapshot.apps = (0..APPS).map(|app| AppView { alias: alias(app), ..fixture::app() }).collect();
    snapshot
}

/// As much as a timeline keeps.
fn timeline(user: UserKey) -> Event {
    let entry = |number: i64| TimelineEntry {
        at: fixture::after(-600 * number),
        severity: Severity::Good,
        what: "access token renewed".into(),
        rule: "a renewed token is stored before it is used".into(),
        refresh: None,
    };
    let subject = Subject::User { key: user, label: "user@example.com".into() };
    let kind = session::Timeline((0..200_i64).rev().map(entry).collect()).into();
    Event { at: fixture::now(), request: None, subject, kind }
}

/// A model with the selection in the middle of the users, and its timeline.
fn model(snapshot: &Arc<Snapshot>) -> Model {
    let start = Start {
        now: fixture::now(),
        size: SIZE,
        look: Look::fixed(Theme::ansi()),
        demo: false,
        auto_lock: None,
    };
    let mut model = Model::new(start);
    update(&mut model, Message::Snapshot(Arc::clone(snapshot)));
    for _ in 0..snapshot.users.len() / 2 {
        update(&mut model, Message::Key(KeyEvent::from(KeyCode::Down)));
    }
    if let Some(user) = model.state.selected().map(|user| user.key.clone()) {
        update(&mut model, Message::Event(timeline(user)));
    }
    model
}

fn terminal() -> Terminal<TestBackend> {
    Terminal::new(TestBackend::new(SIZE.width, SIZE.height)).expect("memory is a terminal")
}

/// A frame in which the countdowns moved on.
fn frame(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    for users in USERS {
        let snapshot = Arc::new(snapshot(users));
        let (mut model, mut terminal, mut second) = (model(&snapshot), terminal(), 0);
        group.bench_function(BenchmarkId::from_parameter(users), |bencher| {
            bencher.iter(|| {
                second = (second + 1) % 60;
                update(&mut model, Message::Now(fixture::after(second)));
                terminal.draw(|frame| view(black_box(&model), frame)).expect("memory does not fail");
                black_box(next_change::next_change(&model))
            });
        });
    }
    group.finish();
}

/// A key that moves the selection, and the frame after it.
fn key(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("key");
    for users in USERS {
        let snapshot = Arc::new(snapshot(users));
        let (mut model, mut terminal, mut down) = (model(&snapshot), terminal(), false);
        group.bench_function(BenchmarkId::from_parameter(users), |bencher| {
            bencher.iter(|| {
                down = !down;
                let code = if down { KeyCode::Down } else { KeyCode::Up };
                update(&mut model, Message::Key(KeyEvent::from(code)));
                terminal.draw(|frame| view(black_box(&model), frame)).expect("memory does not fail");
            });
        });
    }
    group.finish();
}

/// News from the worker in which a user out of sight changed.
fn news(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("news");
    for users in USERS {
        let older = snapshot(users);
        let older_first = Arc::clone(&older.users[0]);
        let mut newer = Snapshot { version: older.version + 1, ..older.clone() };
        let renamed = UserView { label: "renamed@example.com".into(), ..(*older_first).clone() };
        newer.users.set(0, Arc::new(renamed));
        let mut snapshots = [Arc::new(older), Arc::new(newer)].into_iter().cycle();
        let mut model = model(&snapshots.next().expect("they cycle"));
        group.bench_function(BenchmarkId::from_parameter(users), |bencher| {
            bencher.iter(|| {
                let snapshot = snapshots.next().expect("they cycle");
                update(&mut model, Message::Snapshot(black_box(snapshot)))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, frame, key, news);
criterion_main!(benches);
