//! Events on their way to the subscriber.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use crate::session::Event;

/// How many events wait for a slow subscriber before the oldest is given up.
const BACKLOG: usize = 10_000;

/// Sends events in order without ever waiting for the subscriber.
#[derive(Debug)]
pub struct Outbox {
    subscriber: mpsc::Sender<Event>,
    backlog: VecDeque<Event>,
}

impl Outbox {
    /// An outbox to that subscriber.
    pub fn new(subscriber: mpsc::Sender<Event>) -> Self {
        Self { subscriber, backlog: VecDeque::new() }
    }

    /// Sends an event, now or when there is room.
    pub fn send(&mut self, event: Event) {
        if self.backlog.len() == BACKLOG {
            tracing::warn!("the subscriber is slow: an event was given up");
            self.backlog.pop_front();
        }
        self.backlog.push_back(event);
        self.flush();
    }

    /// Whether events wait for room.
    pub fn is_waiting(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Resolves when there is room, or when there is nobody to send to.
    pub async fn room(&self) {
        // The permit is given back at once; `flush` takes it again, and nobody else sends on this channel.
        let _ = self.subscriber.reserve().await;
    }

    /// Sends what there is room for.
    pub fn flush(&mut self) {
        while let Some(event) = self.backlog.pop_front() {
            match self.subscriber.try_send(event) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(event)) => {
                    self.backlog.push_front(event);
                    return;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => self.backlog.clear(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{self, Subject};

    fn event(number: i64) -> Event {
        Event {
            at: jiff::Timestamp::from_second(number).unwrap(),
            request: None,
            subject: Subject::Device,
            kind: session::AppAdded.into(),
        }
    }

    #[tokio::test]
    async fn a_slow_subscriber_gets_everything_in_order_and_holds_nobody_up() {
        let (sender, mut receiver) = mpsc::channel(2);
        let mut outbox = Outbox::new(sender);
        for number in 0..5 {
            outbox.send(event(number));
        }
        assert!(outbox.is_waiting());
        for number in 0..5 {
            assert_eq!(receiver.recv().await.unwrap(), event(number));
            outbox.flush();
        }
        assert!(!outbox.is_waiting());
    }

    #[tokio::test]
    async fn without_a_subscriber_nothing_piles_up() {
        let (sender, receiver) = mpsc::channel(1);
        drop(receiver);
        let mut outbox = Outbox::new(sender);
        outbox.send(event(1));
        assert!(!outbox.is_waiting());
        outbox.room().await;
    }
}
