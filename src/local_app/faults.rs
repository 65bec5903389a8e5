//! Faults that a person puts on the wire: for a user, a route, or everybody, so that a client can be watched while its
//! server fails. They are kept in memory, and end with the process.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::ids;

/// More than a person can keep apart; each request is compared with all of them.
const MOST: usize = 100;

/// Which requests a fault is for; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matcher {
    /// In capitals.
    pub method: Option<String>,
    /// Of a path, or of a route such as `/auth/session`; whole segments count.
    pub path_prefix: Option<String>,
    pub user_id: Option<String>,
}

/// What happens to them, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// How far the clock is wrong, for this request alone, in milliseconds.
    pub skew_ms: Option<i64>,
    /// How long the answer waits.
    pub delay: Option<Duration>,
    /// The connection is closed without an answer.
    pub drop_connection: bool,
    /// An error in place of the answer.
    pub status: Option<FaultStatus>,
}

/// An error in the usual envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultStatus {
    pub status: u16,
    pub error: Option<String>,
    pub error_code: Option<String>,
    /// Seconds, of the header `Retry-After`.
    pub retry_after: Option<u32>,
}

/// A fault, and how often it struck.
#[derive(Debug, Clone)]
pub struct Fault {
    pub id: String,
    pub matcher: Matcher,
    pub effect: Effect,
    /// How often it strikes at most.
    pub times: Option<u64>,
    pub hits: u64,
}

/// What is known of a request. The user is whom its token names, or whom its log-in led to.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub user_id: Option<&'a str>,
}

/// There are as many faults as there may be.
#[derive(Debug, thiserror::Error)]
#[error("there are {MOST} faults already; delete some")]
pub struct TooManyFaults;

impl Matcher {
    fn is_for(&self, target: Target<'_>) -> bool {
        self.method.as_deref().is_none_or(|method| method == target.method)
            && self.path_prefix.as_deref().is_none_or(|prefix| is_below(target.path, prefix))
            && self.user_id.as_deref().is_none_or(|user| target.user_id == Some(user))
    }
}

/// Whether `path` begins with `prefix`, as it is, behind the API's base, or behind that of the App.
fn is_below(path: &str, prefix: &str) -> bool {
    let of_token = path.strip_prefix("/api/client/v2.0");
    let of_app = of_token
        .and_then(|rest| rest.strip_prefix("/app/"))
        .map(|rest| rest.find('/').map_or("", |slash| rest.get(slash..).unwrap_or_default()));
    let prefix = prefix.trim_end_matches('/');
    [Some(path), of_token, of_app]
        .into_iter()
        .flatten()
        .any(|path| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// All faults, the oldest first.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub fn add(&self, matcher: Matcher, effect: Effect, times: Option<u64>) -> Result<Fault, TooManyFaults> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.len() >= MOST {
            return Err(TooManyFaults);
        }
        let fault = Fault { id: ids::oid(), matcher, effect, times, hits: 0 };
        faults.push(fault.clone());
        Ok(fault)
    }

    /// Those that have struck as often as they may are still among them.
    pub fn list(&self) -> Vec<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// False if there is none with this id.
    pub fn remove(&self, id: &str) -> bool {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = faults.len();
        faults.retain(|fault| fault.id != id);
        faults.len() < before
    }

    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Whether there is none, as almost always.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The oldest fault that strikes this request, which is counted.
    pub fn strike(&self, target: Target<'_>) -> Option<Effect> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = faults.iter_mut().find(|fault| {
            fault.times.is_none_or(|times| fault.hits < times) && fault.matcher.is_for(target)
        })?;
        fault.hits = fault.hits.saturating_add(1);
        Some(fault.effect.clone())
    }

    /// Whether any fault is for a single user, so that it matters who a log-in leads to.
    pub fn ask_for_users(&self) -> bool {
        let faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        faults.iter().any(|fault| fault.matcher.user_id.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_named_by_its_path_or_behind_its_base() {
        let session = "/api/client/v2.0/auth/session";
        let login = "/api/client/v2.0/app/shop-abcde/auth/providers/anon-user/login";
        for (path, prefix, expected) in [
            (session, "/auth/session", true),
            (session, "/auth/session/", true),
            (session, "/auth", true),
            (session, "/auth/sess", false),
            (session, session, true),
            (session, "/", true),
            (session, "/session", false),
            (login, "/auth/providers", true),
            (login, "/auth/providers/anon-user/login", true),
            (login, "/app/shop-abcde", true),
            (login, "/auth/providers/anon", false),
            ("/api/admin/v3.0/groups", "/api/admin", true),
            ("/api/client/v2.0/app/shop-abcde", "/auth", false),
        ] {
            assert_eq!(is_below(path, prefix), expected, "{path} {prefix}");
        }
    }

    #[test]
    fn the_oldest_fault_strikes_until_it_is_used_up() {
        let faults = Faults::default();
        let dropping = Effect { drop_connection: true, ..Effect::default() };
        let slow = Effect { delay: Some(Duration::from_millis(1)), ..Effect::default() };
        let for_user = Matcher { user_id: Some("u".to_owned()), ..Matcher::default() };
        faults.add(for_user, dropping.clone(), Some(1)).unwrap();
        faults.add(Matcher::default(), slow.clone(), None).unwrap();
        let target = |user_id| Target { method: "GET", path: "/x", user_id };
        assert_eq!(faults.strike(target(None)), Some(slow.clone()));
        assert_eq!(faults.strike(target(Some("u"))), Some(dropping));
        assert_eq!(faults.strike(target(Some("u"))), Some(slow));
        assert_eq!(faults.list().iter().map(|fault| fault.hits).collect::<Vec<_>>(), [1, 2]);
        let first = faults.list()[0].id.clone();
        assert!(faults.remove(&first) && !faults.remove(&first));
        faults.clear();
        assert_eq!(faults.strike(target(None)), None);
        for _ in 0..MOST {
            faults.add(Matcher::default(), Effect::default(), None).unwrap();
        }
        assert!(faults.add(Matcher::default(), Effect::default(), None).is_err());
    }
}
