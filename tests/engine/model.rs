//! Any sequence of commands, answers, clock moves and restarts: the guarantees hold after each step.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use idmux::account::SessionState;
use idmux::data::FieldPath;
use idmux::session::{self, AnyOperation, Event, EventKind, RequestId, Subject, UserView};
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::script::{Call, Manners, Reply};
use super::worker::{alias, log_in, user};
use super::world::{World, in_still_time};

const NAMES: [&str; 3] = ["alice", "bob", "carol"];

/// What a person may ask for.
#[derive(Debug, Clone, Copy)]
enum Ask {
    LogIn,
    Refresh,
    Token(u64),
    LogOut,
    Remove,
    Delete,
    SetData,
    MakeCurrent,
}

#[derive(Debug, Clone)]
enum Step {
    /// Commands that are sent at once.
    Ask(Vec<(usize, Ask)>),
    /// How the server answers the user's next call of that kind, and after how many milliseconds.
    Answer(usize, Call, u64, Reply),
    /// The server ends all of the user's sessions.
    Revoke(usize),
    /// So many milliseconds pass.
    Pass(u64),
    /// The device's clock is set, by so many seconds.
    Jump(i64),
    Restart,
}

fn asks() -> impl Strategy<Value = Ask> {
    prop_oneof![
        5 => Just(Ask::LogIn),
        4 => Just(Ask::Refresh),
        2 => prop_oneof![Just(0), Just(300), Just(1700)].prop_map(Ask::Token),
        2 => Just(Ask::LogOut),
        1 => Just(Ask::Remove),
        1 => Just(Ask::Delete),
        3 => Just(Ask::SetData),
        1 => Just(Ask::MakeCurrent),
    ]
}

fn calls() -> impl Strategy<Value = Call> {
    prop_oneof![
        2 => Just(Call::LogIn),
        6 => Just(Call::Refresh),
        1 => Just(Call::LogOut),
        2 => Just(Call::Profile),
        1 => Just(Call::Delete),
        2 => Just(Call::SetData),
    ]
}

fn replies() -> impl Strategy<Value = Reply> {
    let refused = |status| Just(Reply::Refused { status, retry_after: None });
    prop_oneof![
        4 => Just(Reply::Truth),
        2 => refused(401),
        1 => refused(403),
        1 => refused(404),
        1 => (0u64..300).prop_map(|after| Reply::Refused { status: 429, retry_after: Some(after) }),
        1 => refused(500),
        1 => refused(503),
        1 => Just(Reply::Garbage),
        1 => Just(Reply::Unreachable),
        1 => Just(Reply::Hang),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let who = 0..NAMES.len();
    let delay = prop_oneof![Just(0u64), Just(50), Just(1500), Just(20_000)];
    prop_oneof![
        10 => prop::collection::vec((who.clone(), asks()), 1..4).prop_map(Step::Ask),
        7 => (who.clone(), calls(), delay, replies()).prop_map(|(who, call, after, reply)| {
            Step::Answer(who, call, after, reply)
        }),
        1 => who.prop_map(Step::Revoke),
        4 => prop_oneof![Just(10u64), Just(700), Just(3_000), Just(45_000), Just(600_000), Just(2_000_000)]
            .prop_map(Step::Pass),
        1 => prop_oneof![Just(1i64), Just(30), Just(7200), Just(-7200), Just(-90_000)].prop_map(Step::Jump),
        1 => Just(Step::Restart),
    ]
}

/// What is known of a user from what was asked and told.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Known {
    /// Never logged in, or gone.
    Nobody,
    /// A log-in was acknowledged; the server may have ended the session since.
    In,
    /// The person ended the session.
    Out,
}

struct Model {
    world: World,
    known: HashMap<&'static str, Known>,
    /// Requests without an answer so far.
    open: HashMap<RequestId, (&'static str, Ask)>,
    /// How often each user was asked to do what costs the server a request.
    asked: HashMap<(Call, &'static str), usize>,
    /// How often each user was told to log in again.
    ended: HashMap<&'static str, usize>,
    /// Grants whose refusal arrived while the worker was being stopped, which may have been too late to be noted.
    excused: HashSet<String>,
}

fn name_of(subject: &Subject) -> Option<&'static str> {
    let Subject::User { key, .. } = subject else { return None };
    NAMES.into_iter().find(|name| key.id.as_str() == *name && key.app == alias())
}

impl Model {
    async fn new() -> Self {
        Self {
            world: World::new(Manners::default()).await,
            known: NAMES.into_iter().map(|name| (name, Known::Nobody)).collect(),
            open: HashMap::new(),
            asked: HashMap::new(),
            ended: HashMap::new(),
            excused: HashSet::new(),
        }
    }

    fn ask(&mut self, name: &'static str, ask: Ask) {
        // What was told before counts as before.
        self.listen();
        let key = user(name);
        let mut costs = |call| *self.asked.entry((call, name)).or_default() += 1;
        let operation: AnyOperation = match ask {
            Ask::LogIn => {
                costs(Call::LogIn);
                log_in(name).into()
            }
            Ask::Refresh => session::Refresh { user: key }.into(),
            Ask::Token(seconds) => session::Token { user: key, min_ttl: Duration::from_secs(seconds) }.into(),
            Ask::LogOut => {
                costs(Call::LogOut);
                session::LogOut { user: key }.into()
            }
            Ask::Remove => {
                costs(Call::LogOut);
                session::Remove { user: key }.into()
            }
            Ask::Delete => {
                costs(Call::Delete);
                session::Delete { user: key }.into()
            }
            Ask::SetData => {
                costs(Call::SetData);
                let path = FieldPath::parse_writable("owner").unwrap();
                session::SetCustomData { user: key, path, value: Some(name.into()) }.into()
            }
            Ask::MakeCurrent => session::MakeCurrent { user: key }.into(),
        };
        match ask {
            Ask::LogOut if self.known[name] != Known::Nobody => drop(self.known.insert(name, Known::Out)),
            Ask::Remove => drop(self.known.insert(name, Known::Nobody)),
            _ => {}
        }
        let id = self.world.send(operation);
        self.open.insert(id, (name, ask));
    }

    /// Takes what was told.
    fn listen(&mut self) {
        self.world.worker().listen();
        let told = std::mem::take(&mut self.world.worker().told);
        told.iter().for_each(|event| self.hear(event));
    }

    fn hear(&mut self, event: &Event) {
        let named = name_of(&event.subject);
        if let Some(id) = event.request
            && let Some((name, ask)) = self.open.remove(&id)
        {
            if let Some(named) = named {
                assert_eq!(named, name, "{ask:?} of {name} was answered for another: {event:?}");
            }
            if let Some(session::TokenRead { access, .. }) = event.kind.outcome() {
                let owner = self.world.script.owner_of(access);
                assert_eq!(owner.as_deref(), Some(name), "a token of another");
            }
        } else {
            let is_ours = event.request.is_none() || named.is_none();
            assert!(is_ours, "a request was answered twice, or after its end: {event:?}");
        }
        match (&event.kind, named) {
            (kind, Some(name)) if kind.is::<session::Entered>() => drop(self.known.insert(name, Known::In)),
            (kind, Some(name)) if kind.is::<session::Deleted>() => {
                self.known.insert(name, Known::Nobody);
            }
            (EventKind::LogInRequired(_), Some(name)) => *self.ended.entry(name).or_default() += 1,
            _ => {}
        }
    }

    async fn step(&mut self, step: &Step) {
        let before: HashMap<_, _> =
            NAMES.map(|name| (name, self.world.script.count(Call::Refresh, name))).into();
        let mut asks = 0;
        let start = self.world.script.true_time();
        match step {
            Step::Ask(commands) => {
                asks = commands.len();
                for (who, ask) in commands {
                    self.ask(NAMES[*who], *ask);
                }
                self.world.settle().await;
            }
            Step::Answer(who, call, after, reply) => {
                self.world.script.next(*call, NAMES[*who], Duration::from_millis(*after), *reply);
            }
            Step::Revoke(who) => self.world.script.revoke(NAMES[*who]),
            Step::Pass(milliseconds) => {
                let steps = (milliseconds / 500).clamp(1, 16) as u32;
                self.world.pass(Duration::from_millis(*milliseconds), steps).await;
            }
            Step::Jump(seconds) => {
                self.world.jump(SignedDuration::from_secs(*seconds)).await;
            }
            Step::Restart => self.restart().await,
        }
        self.listen();
        let passed = self.world.script.true_time().duration_since(start).as_secs() as usize;
        for name in NAMES {
            let renewals = self.world.script.count(Call::Refresh, name) - before[name];
            // Each command costs one renewal and, when it wrote custom data, one more so that the token follows; an
            // answer that was waited for lets one begin. Retries of a server in trouble are a tenth of a second apart
            // at first and six at last.
            let bound = 2 * asks + 3 + if passed > 0 { 6 + passed / 6 } else { 0 };
            assert!(renewals <= bound, "{renewals} renewals of {name} in {passed} s after {asks} commands");
        }
        self.check();
    }

    async fn restart(&mut self) {
        self.world.settle().await;
        self.listen();
        let refused = |world: &World| NAMES.map(|name| world.script.refused_grants(name)).concat();
        let before = refused(&self.world);
        let told = self.world.restart().await;
        self.excused.extend(refused(&self.world).into_iter().filter(|grant| !before.contains(grant)));
        told.iter().for_each(|event| self.hear(event));
        // Nobody answers what was under way. A log-in or deletion among that may have come far enough or not.
        for (_, (name, ask)) in std::mem::take(&mut self.open) {
            let view = self.world.snapshot().user(&user(name)).cloned();
            if matches!(ask, Ask::LogIn | Ask::Delete) {
                let known = match view.as_deref() {
                    None => Known::Nobody,
                    Some(UserView { state: SessionState::LoggedOut, .. }) => Known::Out,
                    Some(_) => Known::In,
                };
                self.known.insert(name, known);
            }
        }
    }

    /// What holds at any time.
    fn check(&mut self) {
        let script = &self.world.script;
        assert_eq!(script.faults(), [""; 0]);
        for ((call, name), asked) in &self.asked {
            let (served, most) = (
                script.count(*call, name),
                match call {
                    Call::SetData | Call::Delete => 2 * asked,
                    _ => *asked,
                },
            );
            assert!(served <= most, "{call:?} of {name}: asked {asked} times, served {served} times");
        }
        let snapshot = self.world.snapshot();
        let now = self.world.now();
        for name in NAMES {
            let (known, view) = (self.known[name], snapshot.user(&user(name)));
            let refused = script.refused_grants(name);
            let ended = self.ended.get(name).copied().unwrap_or_default();
            assert!(
                ended <= refused.len(),
                "{name} was logged out {ended} times, by {} refusals",
                refused.len()
            );
            match (known, view) {
                (Known::Nobody, None) => {}
                (Known::Out, Some(view)) => assert_eq!(view.state, SessionState::LoggedOut, "{name}"),
                (Known::In, Some(view)) => assert_ne!(view.state, SessionState::LoggedOut, "{name}"),
                (known, view) => panic!("{name} is {known:?}, but the snapshot has {view:#?}"),
            }
            let Some(view) = view else { continue };
            if matches!(view.state, SessionState::LogInRequired(_)) {
                assert!(!refused.is_empty(), "{name} was logged out without a definite answer");
            }
            check_view(view, now);
            if let Some(refresh) = &view.refresh {
                let lives_on =
                    refused.contains(&refresh.fingerprint) && !self.excused.contains(&refresh.fingerprint);
                assert!(!lives_on, "{name} lives on a grant that is dead");
            }
        }
    }

    /// The server is well again: what is still open is answered, and every session that was not ended works.
    async fn end(mut self) {
        self.world.script.heal();
        self.world.pass(Duration::from_secs(40), 8).await;
        self.listen();
        self.check();
        assert!(self.open.is_empty(), "these were never answered: {:?}", self.open);
        for name in NAMES {
            let Some(view) = self.world.snapshot().user(&user(name)).cloned() else { continue };
            if !view.state.is_logged_in() {
                continue;
            }
            let told = self.world.ask(session::Refresh { user: user(name) }).await;
            self.world.settle().await;
            let state = self.world.user(name).state.clone();
            let refused = !self.world.script.refused_grants(name).is_empty();
            match told.kind {
                kind if kind.is::<session::Refreshed>() => assert_eq!(state, SessionState::Active, "{name}"),
                kind => {
                    assert!(
                        matches!(state, SessionState::LogInRequired(_)) && refused,
                        "{name}: {kind:?}, {state:?}"
                    );
                }
            }
        }
    }
}

/// A view agrees with itself.
fn check_view(view: &UserView, now: jiff::Timestamp) {
    let name = &view.key.id;
    for token in [&view.access, &view.refresh].into_iter().flatten() {
        assert_eq!(token.claims["sub"], name.as_str(), "{name} has a token of another");
    }
    let logged_in = view.state.is_logged_in();
    assert_eq!((view.access.is_some(), view.refresh.is_some()), (logged_in, logged_in), "{view:#?}");
    let left = view.access.as_ref().and_then(|it| it.lifetime).map(|life| life.remaining(now));
    match &view.state {
        SessionState::Active => {
            let next = view.next_refresh.expect("a renewal is planned");
            let late = next.duration_since(now);
            // A clock that jumped spreads renewals over half a minute.
            assert!(
                left.is_some_and(|left| late <= left.max(SignedDuration::from_secs(31))),
                "{view:#?} at {now}"
            );
        }
        SessionState::RefreshDue { retry_at, .. } | SessionState::AccessExpired { retry_at, .. } => {
            let is_over = left.is_some_and(|left| left <= SignedDuration::ZERO);
            if matches!(view.state, SessionState::AccessExpired { .. }) {
                assert!(is_over, "{view:#?} at {now}");
            }
            assert_eq!(view.next_refresh, *retry_at, "{view:#?}");
        }
        SessionState::Refreshing | SessionState::LogInRequired(_) | SessionState::LoggedOut => {
            assert_eq!(view.next_refresh, None, "{view:#?}");
        }
    }
}

proptest! {
    #![proptest_config(Config {
        cases: 64,
        max_shrink_iters: 400,
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn the_guarantees_hold_after_any_step(
        seed in any::<u64>(),
        steps in prop::collection::vec(steps(), 1..36),
    ) {
        // The engine's jitter comes from the same thread, so that a case can be repeated.
        fastrand::seed(seed);
        in_still_time(async {
            let mut model = Model::new().await;
            for step in &steps {
                model.step(step).await;
            }
            model.end().await;
        });
    }
}
