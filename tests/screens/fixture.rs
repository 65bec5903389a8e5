//! Snapshots of a worker, made by hand.

use std::sync::Arc;

use bson::doc;
use idmux::account::{
    AppAlias, Claims, EndReason, Identity, Lifetime, Profile, Provider, SessionState, UserId, UserKey,
};
use idmux::session::{
    AppView, KeySource, LastRefresh, RefreshOutcome, Snapshot, TokenView, UserView, VaultStatus,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// The frozen moment of every screen.
pub fn now() -> Timestamp {
    "2026-11-22T21:40:03Z".parse().unwrap()
}

pub fn after(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

pub fn alias() -> AppAlias {
    AppAlias::new(AppAlias::LOCAL)
}

pub fn key(number: usize) -> UserKey {
    UserKey { app: alias(), id: UserId::new(format!("6501f0c2a4b8d93e{number:08x}")) }
}

pub fn app() -> AppView {
    AppView {
        stands_at: None,
        alias: alias(),
        client_app_id: "local-idmux".into(),
        base_url: Some("http://127.0.0.1:41234".parse().unwrap()),
        current: None,
        skew: None,
        custom_data: Default::default(),
        kept: false,
        other_host: None,
        local: None,
    }
}

/// An open vault and an App, and nobody logged in.
pub fn nobody() -> Snapshot {
    Snapshot {
        version: 1,
        vault: VaultStatus::Open { key: KeySource::Keyring, set_aside: vec![] },
        apps: vec![app()],
        users: Default::default(),
    }
}

pub fn with_users(users: impl IntoIterator<Item = UserView>) -> Snapshot {
    let mut snapshot = nobody();
    snapshot.users = users.into_iter().map(Arc::new).collect();
    snapshot.apps[0].current = snapshot.users.front().map(|user| user.key.id.clone());
    snapshot
}

pub fn token(kind: &str, number: usize, length: i64, left: i64) -> TokenView {
    let life = Lifetime::new(after(left - length), after(left));
    let id = key(number).id;
    let mut claims: Claims = json!({
        "baas_device_id": "6501f0c2a4b8d93e00000d1d",
        "baas_domain_id": "6501f0c2a4b8d93e00000d0d",
        "exp": life.expires.as_second(),
        "iat": life.issued.as_second(),
        "sub": id.as_str(),
        "typ": kind,
    })
    .as_object()
    .unwrap()
    .clone();
    if kind == "refresh" {
        claims.insert("baas_id".into(), json!("6501f0c2a4b8d93e00005e55"));
        claims.insert(
            "baas_identity".into(),
            json!({ "id": "6501f0c2a4b8d93e00001d00", "provider_type": "local-userpass" }),
        );
    } else {
        claims.insert("iss".into(), json!("6501f0c2a4b8d93e00005e55"));
        claims.insert("user_data".into(), json!({ "theme": "dark" }));
    }
    TokenView {
        fingerprint: format!("{:08x}", 0x9a3f_0c11_u32 + number as u32),
        lifetime: Some(life),
        claims,
    }
}

/// A user who was logged in by e-mail and lacks nothing.
pub fn user(number: usize, email: &str) -> UserView {
    let identity = Identity {
        id: format!("6501f0c2a4b8d93e{:08x}", 0x1d00 + number),
        provider: Provider::EmailPassword,
    };
    UserView {
        key: key(number),
        label: email.into(),
        provider: Provider::EmailPassword,
        profile: Some(Profile {
            user_type: "normal".into(),
            identities: vec![identity],
            data: json!({ "email": email }).as_object().unwrap().clone(),
        }),
        state: SessionState::Active,
        access: Some(token("access", number, 30 * MINUTE, 24 * MINUTE + 59)),
        refresh: Some(token("refresh", number, 60 * DAY, 59 * DAY + 23 * HOUR)),
        next_refresh: Some(after(20 * MINUTE + 11)),
        last_refresh: Some(LastRefresh { at: after(-301), outcome: RefreshOutcome::Renewed }),
        api_keys: None,
        source: None,
        custom_data: Some(doc! {
            "_id": bson::oid::ObjectId::parse_str("6501f0c2a4b8d93e0000da7a").unwrap(),
            "theme": "dark",
            "visits": 42,
            "score": 7.5,
            "beta": true,
            "since": bson::DateTime::from_millis(1_700_000_000_000),
            "address": { "city": "London", "geo": [51.5, -0.12] },
        }),
    }
}

/// Six users in six different situations.
pub fn six() -> Snapshot {
    let mut ada = user(1, "ada@example.com");
    ada.profile.as_mut().unwrap().data.insert("name".into(), json!("Ada Lovelace"));

    let mut anonymous = user(2, "");
    anonymous.label = "anonymous …000002".into();
    anonymous.provider = Provider::Anonymous;
    anonymous.profile = Some(Profile {
        user_type: "normal".into(),
        identities: vec![Identity {
            id: "6501f0c2a4b8d93e00000002-abcdefghijklmnopqrstuvwx".into(),
            provider: Provider::Anonymous,
        }],
        data: Claims::new(),
    });
    anonymous.access = Some(token("access", 2, 20, 14));
    anonymous.next_refresh = Some(after(10));
    anonymous.custom_data = None;

    let mut grace = user(3, "grace.hopper@example.com");
    let identities = &mut grace.profile.as_mut().unwrap().identities;
    identities.insert(
        0,
        Identity {
            id: "6501f0c2a4b8d93e00000003-abcdefghijklmnopqrstuvwx".into(),
            provider: Provider::Anonymous,
        },
    );
    grace.state = SessionState::Refreshing;
    grace.access = Some(token("access", 3, 60, 8));

    let mut alan = user(4, "alan@example.com");
    alan.state = SessionState::RefreshDue {
        cause: "http://127.0.0.1:41234 does not answer".into(),
        retry_at: Some(after(8)),
    };
    alan.access = Some(token("access", 4, 30 * MINUTE, 3 * MINUTE + 7));
    alan.refresh = Some(token("refresh", 4, DAY, 5 * HOUR + 12 * MINUTE));
    alan.next_refresh = None;
    alan.last_refresh = Some(LastRefresh {
        at: after(-4),
        outcome: RefreshOutcome::Postponed("http://127.0.0.1:41234 does not answer".into()),
    });

    let mut edsger = user(5, "edsger@example.com");
    edsger.state = SessionState::LogInRequired(EndReason::SessionRevoked);
    (edsger.access, edsger.refresh, edsger.next_refresh) = (None, None, None);
    edsger.last_refresh = Some(LastRefresh { at: after(-90), outcome: RefreshOutcome::Ended });
    edsger.custom_data = None;

    let mut barbara = user(6, "barbara@example.com");
    barbara.state = SessionState::LoggedOut;
    (barbara.access, barbara.refresh, barbara.next_refresh) = (None, None, None);
    barbara.last_refresh = None;
    barbara.custom_data = None;

    with_users([ada, anonymous, grace, alan, edsger, barbara])
}
