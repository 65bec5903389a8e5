//! Whose turn it is: how many functions run at once.
//!
//! Nobody can have all of them. Of the calls of clients, one user gets half at most; hooks, on which log-ins wait, have
//! turns of their own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Hooks that run at once.
const HOOKS: usize = 2;

/// The turns of an App.
pub struct Turns {
    clients: Arc<Semaphore>,
    hooks: Arc<Semaphore>,
    each: usize,
    /// Of users who have a turn or wait for one.
    users: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// A turn; over when it is dropped.
pub struct Turn {
    _all: OwnedSemaphorePermit,
    _own: Option<OwnedSemaphorePermit>,
}

impl Turns {
    pub fn new(at_once: usize) -> Self {
        Self {
            clients: Arc::new(Semaphore::new(at_once)),
            hooks: Arc::new(Semaphore::new(HOOKS)),
            each: at_once.div_ceil(2),
            users: Mutex::default(),
        }
    }

    /// Waits for a turn of `user`, or of a hook.
    pub async fn take(&self, user: Option<&str>) -> Result<Turn, AcquireError> {
        let Some(user) = user else {
            return Ok(Turn { _all: Arc::clone(&self.hooks).acquire_owned().await?, _own: None });
        };
        // The own one first: a user who waits for that is in nobody's way.
        let own = self.of_user(user).acquire_owned().await?;
        Ok(Turn { _all: Arc::clone(&self.clients).acquire_owned().await?, _own: Some(own) })
    }

    fn of_user(&self, user: &str) -> Arc<Semaphore> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = users.get(user).and_then(Weak::upgrade) {
            return known;
        }
        users.retain(|_, turns| turns.strong_count() > 0);
        let turns = Arc::new(Semaphore::new(self.each));
        users.insert(user.to_owned(), Arc::downgrade(&turns));
        turns
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn one_user_has_half_of_the_turns_and_hooks_have_their_own() {
        let turns = Turns::new(4);
        let now = |user: Option<&'static str>| turns.take(user).now_or_never().map(Result::unwrap);
        let (first, second) = (now(Some("a")).unwrap(), now(Some("a")).unwrap());
        assert!(now(Some("a")).is_none());
        let (_third, _fourth) = (now(Some("b")).unwrap(), now(Some("c")).unwrap());
        assert!(now(Some("d")).is_none());
        assert!(now(None).is_some());
        drop(first);
        assert!(now(Some("a")).is_some());
        drop(second);
        assert!(now(Some("d")).is_some());
        assert_eq!(turns.users.lock().unwrap().len(), 3);
        drop((_third, _fourth));
        let _last = now(Some("e")).unwrap();
        assert_eq!(turns.users.lock().unwrap().len(), 1);
    }
}
