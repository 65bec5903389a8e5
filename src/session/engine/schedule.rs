//! When each session is due.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;

use crate::account::UserKey;

/// The longest sleep while anything is planned. The runtime's timer counts neither the time that a laptop sleeps nor a
/// clock that is set, so the wall clock is looked at again at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// At most one due time a user, in order of time. Every operation costs the logarithm of the number of users.
#[derive(Debug, Default)]
pub struct Schedule {
    due: BTreeSet<(Timestamp, UserKey)>,
    planned: HashMap<UserKey, Timestamp>,
}

impl Schedule {
    /// Plans a user for `at`, in place of an earlier plan; `None` takes the plan away.
    pub fn plan(&mut self, user: &UserKey, at: Option<Timestamp>) {
        if let Some(before) = self.planned.remove(user) {
            self.due.remove(&(before, user.clone()));
        }
        if let Some(at) = at {
            self.planned.insert(user.clone(), at);
            self.due.insert((at, user.clone()));
        }
    }

    /// Takes the next user who is due at `now`.
    pub fn take_due(&mut self, now: Timestamp) -> Option<UserKey> {
        let (at, _) = self.due.first()?;
        if *at > now {
            return None;
        }
        let (_, user) = self.due.pop_first()?;
        self.planned.remove(&user);
        Some(user)
    }

    /// How long there is nothing to do, as of `now`; `None` when nothing is planned.
    pub fn sleep(&self, now: Timestamp) -> Option<Duration> {
        let (at, _) = self.due.first()?;
        Some(at.duration_since(now).try_into().unwrap_or(Duration::ZERO).min(LONGEST_SLEEP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{AppAlias, UserId};

    fn user(name: &str) -> UserKey {
        UserKey { app: AppAlias::new("shop"), id: UserId::new(name) }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn users_come_due_in_order_of_time_and_once() {
        let mut schedule = Schedule::default();
        schedule.plan(&user("late"), Some(at(30)));
        schedule.plan(&user("early"), Some(at(10)));
        schedule.plan(&user("moved"), Some(at(5)));
        schedule.plan(&user("moved"), Some(at(20)));
        schedule.plan(&user("gone"), Some(at(1)));
        schedule.plan(&user("gone"), None);
        assert_eq!(schedule.take_due(at(9)), None);
        assert_eq!(schedule.take_due(at(25)), Some(user("early")));
        assert_eq!(schedule.take_due(at(25)), Some(user("moved")));
        assert_eq!(schedule.take_due(at(25)), None);
        assert_eq!(schedule.take_due(at(30)), Some(user("late")));
        assert_eq!(schedule.sleep(at(30)), None);
    }

    #[test]
    fn sleep_is_until_the_first_but_never_long() {
        let mut schedule = Schedule::default();
        schedule.plan(&user("a"), Some(at(1000)));
        assert_eq!(schedule.sleep(at(0)), Some(LONGEST_SLEEP));
        schedule.plan(&user("b"), Some(at(0) + jiff::SignedDuration::from_millis(300)));
        assert_eq!(schedule.sleep(at(0)), Some(Duration::from_millis(300)));
        assert_eq!(schedule.sleep(at(2000)), Some(Duration::ZERO));
    }
}
