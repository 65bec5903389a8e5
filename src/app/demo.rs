//! The users of `idmux --demo`: everything that a session can be, alive at once.

use std::sync::Arc;
use std::time::Duration;

use bson::{Bson, bson};
use secrecy::SecretString;
use tokio::sync::{mpsc, watch};

use crate::account::{AppAlias, Credentials, SessionState, UserKey};
use crate::data::FieldPath;
use crate::local_app::{Lifetimes, LocalApp};
use crate::session::{self, AnyOperation, Envelope, RequestId, Snapshot, UserView};

/// Nothing of the demo outlives the process, its passwords least of all.
const PASSWORD: &str = "demo-password";
/// A step that takes longer than this is given up; the demo goes on without it.
const PATIENCE: Duration = Duration::from_secs(10);

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

struct DemoUser {
    /// `None` logs in anonymously.
    email: Option<&'static str>,
    /// Linked to an anonymous user.
    linked: Option<&'static str>,
    access: u64,
    refresh: u64,
    data: Vec<(&'static str, Bson)>,
    logged_out: bool,
}

fn users() -> [DemoUser; 6] {
    let user = |email, access, refresh| DemoUser {
        email,
        linked: None,
        access,
        refresh,
        data: Vec::new(),
        logged_out: false,
    };
    [
        DemoUser {
            data: vec![
                ("theme", bson!("dark")),
                ("language", bson!("en")),
                ("cart", bson!({ "items": [{ "sku": "A-100", "count": 2 }, { "sku": "B-7", "count": 1 }] })),
                ("visits", bson!(42)),
            ],
            ..user(Some("ada@example.com"), 30 * MINUTE, 60 * DAY)
        },
        DemoUser {
            linked: Some("grace@example.com"),
            data: vec![("theme", bson!("light")), ("newsletter", bson!(false))],
            ..user(None, 2 * MINUTE, DAY)
        },
        DemoUser {
            data: vec![
                ("plan", bson!("team")),
                ("seats", bson!(25)),
                ("trial_ends", Bson::DateTime(bson::DateTime::from_millis(1_798_761_600_000))),
            ],
            ..user(Some("edsger@example.com"), 5 * MINUTE, 7 * DAY)
        },
        user(None, 20, 30 * DAY),
        DemoUser { logged_out: true, ..user(Some("barbara@example.com"), 30 * MINUTE, 60 * DAY) },
        user(Some("linus@example.com"), 45, 100),
    ]
}

/// Logs the demo's users in, through the worker as a person would.
pub async fn populate(
    server: &LocalApp,
    operations: mpsc::Sender<Envelope>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
) {
    let mut stage = Stage { app: AppAlias::new(AppAlias::LOCAL), operations, snapshots };
    let mut first = None;
    for user in users() {
        let lifetime = |seconds| Duration::from_secs(seconds);
        server.open_sessions_with(Some(Lifetimes {
            access: lifetime(user.access),
            refresh: lifetime(user.refresh),
        }));
        match stage.play(user).await {
            Some(key) => first = first.or(Some(key)),
            None => tracing::warn!("the demo goes on without one of its users"),
        }
    }
    server.open_sessions_with(None);
    if let Some(user) = first {
        // A worker that has stopped needs no current user.
        let _ = stage.send(session::MakeCurrent { user }).await;
    }
}

/// Sends operations, and watches what comes of them.
struct Stage {
    app: AppAlias,
    operations: mpsc::Sender<Envelope>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
}

impl Stage {
    async fn play(&mut self, user: DemoUser) -> Option<UserKey> {
        let key = self.enter(user.email).await?;
        if let Some(email) = user.linked {
            let credentials = Credentials::EmailPassword { email: email.into(), password: password() };
            self.send(session::Link { user: key.clone(), credentials, register: true }).await?;
            self.until(&key, |view| view.identities().len() == 2).await?;
        }
        for (field, value) in user.data {
            let path = FieldPath::default().child(field);
            self.send(session::SetCustomData { user: key.clone(), path, value: Some(value) }).await?;
            self.until(&key, |view| view.custom_data.as_ref().is_some_and(|data| data.contains_key(field)))
                .await?;
        }
        if user.logged_out {
            self.send(session::LogOut { user: key.clone() }).await?;
            self.until(&key, |view| view.state == SessionState::LoggedOut).await?;
        }
        Some(key)
    }

    async fn enter(&mut self, email: Option<&str>) -> Option<UserKey> {
        let app = self.app.clone();
        let before =
            self.wait(|snapshot| snapshot.app(&app).is_some_and(|app| app.base_url.is_some())).await?;
        let operation: AnyOperation = match email {
            Some(email) => {
                session::Register { app: app.clone(), email: email.into(), password: password() }.into()
            }
            None => session::LogIn { app: app.clone(), credentials: Credentials::Anonymous }.into(),
        };
        self.wait(|snapshot| matches!(snapshot.vault, crate::session::VaultStatus::Open { .. })).await?;
        self.send(operation).await?;
        let after = self.wait(|snapshot| snapshot.users.len() > before.users.len()).await?;
        after.users.iter().find(|user| before.user(&user.key).is_none()).map(|user| user.key.clone())
    }

    async fn send(&self, operation: impl Into<AnyOperation>) -> Option<()> {
        let envelope = Envelope { id: RequestId::next(), operation: operation.into() };
        self.operations.send(envelope).await.ok()
    }

    async fn until(&mut self, key: &UserKey, wanted: impl Fn(&UserView) -> bool) -> Option<()> {
        self.wait(|snapshot| snapshot.user(key).is_some_and(|user| wanted(user))).await.map(drop)
    }

    async fn wait(&mut self, wanted: impl Fn(&Snapshot) -> bool) -> Option<Arc<Snapshot>> {
        let found = tokio::time::timeout(PATIENCE, self.snapshots.wait_for(|snapshot| wanted(snapshot)));
        found.await.ok()?.ok().map(|snapshot| Arc::clone(&snapshot))
    }
}

fn password() -> SecretString {
    PASSWORD.into()
}
