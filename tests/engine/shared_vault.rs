//! Two workers on one vault, as two idmux processes have it. Time is real here, and every wait is for a condition.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use idmux::account::SessionState;
use idmux::clock::SystemClock;
use idmux::session::{self, EventKind, KeyChoice, VaultStatus};
use idmux::vault::Location;
use tempfile::TempDir;

use super::script::{Call, Manners, Reply, Script};
use super::worker::{Worker, alias, app, log_in, user};

struct Two {
    script: Arc<Script>,
    here: Worker,
    there: Worker,
    path: PathBuf,
    _folder: TempDir,
}

impl Two {
    /// Two workers, and alice logged in with both.
    async fn with_alice(manners: Manners) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.db");
        let script = Script::new(Arc::new(SystemClock), manners);
        let start = || Worker::start(Location::File(path.clone()), script.connect(), Arc::new(SystemClock));
        let (mut here, mut there) = (start().await, start().await);
        here.ask(session::AddApp(app(alias()))).await;
        there.ask(session::AddApp(app(alias()))).await;
        let told = here.ask(log_in("alice")).await;
        assert!(matches!(told.kind.outcome(), Some(session::Entered::LoggedIn { .. })), "{told:?}");
        there.state_where("alice", SessionState::Active).await;
        Self { script, here, there, path, _folder: folder }
    }

    fn renewals(&self) -> usize {
        self.script.count(Call::Refresh, "alice")
    }

    async fn third(&self) -> Worker {
        let vault = Location::File(self.path.clone());
        Worker::start(vault, self.script.connect(), Arc::new(SystemClock)).await
    }
}

fn refresh() -> session::Refresh {
    session::Refresh { user: user("alice") }
}

fn slow(milliseconds: u64) -> Manners {
    Manners { renewal_takes: Duration::from_millis(milliseconds), ..Manners::default() }
}

#[tokio::test]
async fn ten_demands_on_each_are_one_request() {
    let mut two = Two::with_alice(slow(300)).await;
    let here: Vec<_> = (0..10).map(|_| two.here.send(refresh())).collect();
    let there: Vec<_> = (0..10).map(|_| two.there.send(refresh())).collect();
    for id in here {
        assert_eq!(two.here.answer(id).await.kind, session::Refreshed.into());
    }
    for id in there {
        assert_eq!(two.there.answer(id).await.kind, session::Refreshed.into());
    }
    assert_eq!(two.renewals(), 1);
    assert_eq!(two.script.faults(), [""; 0]);
    let one = two.here.state_where("alice", SessionState::Active).await;
    let other = two.there.state_where("alice", SessionState::Active).await;
    assert_eq!(one.access, other.access, "both have the one token");
    assert!(one.next_refresh.is_some() && other.next_refresh.is_some(), "both have planned the next renewal");
}

#[tokio::test]
async fn what_one_changes_the_other_sees() {
    let mut two = Two::with_alice(Manners::default()).await;
    two.there.ask(log_in("bob")).await;
    two.here.state_where("bob", SessionState::Active).await;
    two.here.ask(refresh()).await;
    let fresh = two.here.user("alice").access.clone();
    two.there.user_where("alice", |view| view.access == fresh).await;
    two.there.ask(session::Remove { user: user("bob") }).await;
    two.here.snapshot_where(|snapshot| snapshot.user(&user("bob")).is_none()).await;
}

#[tokio::test]
async fn a_log_out_is_seen_and_no_late_renewal_undoes_it() {
    let mut two = Two::with_alice(Manners::default()).await;
    // The server answers with a token although the session ended meanwhile: it was faster than the log-out there.
    two.script.next(Call::LogOut, "alice", Duration::ZERO, Reply::Unreachable);
    two.script.next(Call::Refresh, "alice", Duration::from_millis(900), Reply::Truth);
    let late = two.here.send(refresh());
    two.here.state_where("alice", SessionState::Refreshing).await;
    let told = two.there.ask(session::LogOut { user: user("alice") }).await;
    assert_eq!(told.kind, session::LoggedOut.into());
    let told = two.here.answer(late).await;
    assert!(matches!(told.kind, EventKind::Failed(_)), "{told:?}");
    let view = two.here.state_where("alice", SessionState::LoggedOut).await;
    assert!(view.access.is_none() && view.refresh.is_none());
    assert_eq!(two.there.user("alice").state, SessionState::LoggedOut);
    let third = two.third().await;
    assert_eq!(third.user("alice").state, SessionState::LoggedOut, "nor does the vault hold a token");
}

#[tokio::test]
async fn a_late_renewal_does_not_bring_a_removed_user_back() {
    let mut two = Two::with_alice(Manners::default()).await;
    two.script.next(Call::LogOut, "alice", Duration::ZERO, Reply::Unreachable);
    two.script.next(Call::Refresh, "alice", Duration::from_millis(900), Reply::Truth);
    let late = two.here.send(refresh());
    two.here.state_where("alice", SessionState::Refreshing).await;
    two.there.ask(session::Remove { user: user("alice") }).await;
    assert!(matches!(two.here.answer(late).await.kind, EventKind::Failed(_)));
    two.here.snapshot_where(|snapshot| snapshot.users.is_empty()).await;
    assert!(two.third().await.snapshot().users.is_empty());
}

#[tokio::test]
async fn a_refusal_ends_only_the_session_that_was_refused() {
    let mut two = Two::with_alice(Manners::default()).await;
    // Whether the other process's log-in is noticed before or after the refusal is chance: several rounds see both.
    for round in 0..8 {
        let dead = two.here.user("alice").refresh.clone();
        two.script.revoke("alice");
        two.script.next(Call::Refresh, "alice", Duration::from_millis(100), Reply::Truth);
        let late = two.here.send(refresh());
        two.here.state_where("alice", SessionState::Refreshing).await;
        let told = two.there.ask(log_in("alice")).await;
        assert!(matches!(told.kind.outcome(), Some(session::Entered::LoggedIn { .. })), "{told:?}");
        let alive = two.there.user("alice").refresh.clone();
        two.here.answer(late).await;
        let view = two.here.user_where("alice", |view| view.refresh != dead).await;
        assert_eq!(view.refresh, alive, "round {round}: the new session replaced the dead one");
        two.here
            .user_where("alice", |view| view.state == SessionState::Active && view.refresh == alive)
            .await;
        assert_eq!(two.there.user("alice").refresh, alive, "round {round}");
    }
    let third = two.third().await;
    assert_eq!(third.user("alice").refresh, two.there.user("alice").refresh, "and it is stored");
}

#[tokio::test]
async fn what_one_writes_late_does_not_undo_a_log_out_of_the_other() {
    let mut two = Two::with_alice(Manners::default()).await;
    for round in 0..8 {
        // The log-in's profile comes late, so that it is read on its own afterwards and stored then.
        two.script.next(Call::Profile, "alice", Duration::ZERO, Reply::Garbage);
        two.script.next(Call::Profile, "alice", Duration::from_millis(150), Reply::Truth);
        let told = two.here.ask(log_in("alice")).await;
        assert!(matches!(told.kind.outcome(), Some(session::Entered::LoggedIn { .. })), "{told:?}");
        let fresh = two.here.user("alice").refresh.clone();
        // The other process may know only the former session; it is the user that it logs out.
        two.script.next(Call::LogOut, "alice", Duration::ZERO, Reply::Unreachable);
        assert_eq!(
            two.there.ask(session::LogOut { user: user("alice") }).await.kind,
            session::LoggedOut.into()
        );
        let served = two.script.count(Call::Profile, "alice");
        two.here.user_where("alice", |view| view.refresh != fresh).await;
        let view = two.here.state_where("alice", SessionState::LoggedOut).await;
        assert!(view.access.is_none(), "round {round}, {served} profiles");
        let third = two.third().await;
        assert_eq!(third.user("alice").state, SessionState::LoggedOut, "round {round}");
        third.stop().await;
    }
}

#[tokio::test]
async fn a_lock_closes_both_and_each_opens_again() {
    let mut two = Two::with_alice(Manners::default()).await;
    let told = two.here.ask(session::Lock).await;
    assert_eq!(told.kind, session::Locked.into());
    for worker in [&mut two.here, &mut two.there] {
        let snapshot =
            worker.snapshot_where(|snapshot| matches!(snapshot.vault, VaultStatus::Locked { .. })).await;
        assert!(snapshot.users.is_empty(), "tokens and users are gone");
    }
    let told = two.here.ask(refresh()).await;
    assert!(matches!(told.kind, EventKind::Failed(_)), "{told:?}");
    for worker in [&mut two.here, &mut two.there] {
        let told = worker.ask(session::OpenVault(KeyChoice::KeyFile(None))).await;
        assert!(matches!(told.kind.outcome(), Some(session::VaultOpened { users: 1, .. })), "{told:?}");
        worker.state_where("alice", SessionState::Active).await;
        assert_eq!(worker.ask(refresh()).await.kind, session::Refreshed.into());
    }
}

#[tokio::test]
async fn a_holder_that_vanished_blocks_nobody() {
    let mut two = Two::with_alice(Manners::default()).await;
    take_lease(&two.path, "00000000deadbeef");
    assert_eq!(two.here.ask(refresh()).await.kind, session::Refreshed.into());
    assert_eq!(two.renewals(), 1);
}

#[tokio::test]
async fn a_holder_that_lives_is_waited_for_until_it_is_gone() {
    let mut two = Two::with_alice(Manners::default()).await;
    let name = "00000000cafecafe";
    let holder = std::fs::File::create(two.path.with_extension("holders").join(name)).unwrap();
    holder.lock().unwrap();
    take_lease(&two.path, name);
    let waits = two.here.send(refresh());
    two.here.state_where("alice", SessionState::Refreshing).await;
    // Other requests of the same worker are served meanwhile; each passes the vault, which says "busy" again.
    for name in ["bob", "carol", "dan"] {
        assert!(matches!(
            two.here.ask(log_in(name)).await.kind.outcome(),
            Some(session::Entered::LoggedIn { .. })
        ));
    }
    assert_eq!(two.renewals(), 0, "somebody else is about to renew");
    // The operating system gives the lock back when its process dies.
    drop(holder);
    assert_eq!(two.here.answer(waits).await.kind, session::Refreshed.into());
    assert_eq!(two.renewals(), 1);
}

fn take_lease(vault: &std::path::Path, holder: &str) {
    let sql = rusqlite::Connection::open(vault).unwrap();
    sql.busy_timeout(Duration::from_secs(10)).unwrap();
    let key = user("alice");
    let lease = rusqlite::params![key.app.as_str(), key.id.as_str(), holder];
    sql.execute("INSERT INTO leases (app, user, holder) VALUES (?1, ?2, ?3)", lease).unwrap();
}
