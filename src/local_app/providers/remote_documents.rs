//! Key sets and discovery documents of identity providers: fetched when they are needed, and kept for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
// The monotonic clock: how often others are asked has nothing to do with the App's clock, which can be moved.
use tokio::time::Instant;
use url::Url;

use super::outbound::{Outbound, OutboundError};

/// How old a document may be: a key that its issuer withdrew counts no longer than this.
const KEPT_FOR: Duration = Duration::from_secs(60 * 60);
/// How long nothing is asked again, whatever key somebody names.
const LEFT_ALONE_FOR: Duration = Duration::from_secs(60);
/// How long a failure answers for the requests that waited behind it.
const FAILED_FOR: Duration = Duration::from_secs(1);

/// Documents by address. There are as many addresses as configurations name, which is few.
#[derive(Default)]
pub struct RemoteDocuments {
    outbound: Outbound,
    documents: Mutex<HashMap<Url, Arc<tokio::sync::Mutex<Entry>>>>,
}

/// What is known of one address. Its lock is held while it is asked, so that it is asked once at a time.
#[derive(Default)]
struct Entry {
    document: Option<(Arc<Value>, Instant)>,
    asked: Option<Instant>,
    failure: Option<(OutboundError, Instant)>,
}

impl RemoteDocuments {
    /// What they are fetched with.
    pub fn outbound(&self) -> &Outbound {
        &self.outbound
    }

    /// The document at `url`, at most an hour old unless its issuer does not answer.
    pub async fn get(&self, url: &Url) -> Result<Arc<Value>, OutboundError> {
        let entry = self.entry(url);
        let mut entry = entry.lock().await;
        if let Some((document, fetched)) = &entry.document {
            let asked_lately = entry.asked.is_some_and(|asked| asked.elapsed() < LEFT_ALONE_FOR);
            if fetched.elapsed() < KEPT_FOR || asked_lately {
                return Ok(Arc::clone(document));
            }
        }
        self.fetch(url, &mut entry).await
    }

    /// The document at `url`, asked for anew unless that was done within the last minute.
    pub async fn get_anew(&self, url: &Url) -> Result<Arc<Value>, OutboundError> {
        let entry = self.entry(url);
        let mut entry = entry.lock().await;
        match &entry.document {
            Some((document, _)) if entry.asked.is_some_and(|asked| asked.elapsed() < LEFT_ALONE_FOR) => {
                Ok(Arc::clone(document))
            }
            _ => self.fetch(url, &mut entry).await,
        }
    }

    fn entry(&self, url: &Url) -> Arc<tokio::sync::Mutex<Entry>> {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(documents.entry(url.clone()).or_default())
    }

    async fn fetch(&self, url: &Url, entry: &mut Entry) -> Result<Arc<Value>, OutboundError> {
        if let Some((failure, failed)) = &entry.failure
            && entry.document.is_none()
            && failed.elapsed() < FAILED_FOR
        {
            return Err(failure.clone());
        }
        let outcome = self.outbound.get(url.clone(), None).await;
        let now = Instant::now();
        entry.asked = Some(now);
        match outcome {
            Ok(document) => {
                let document = Arc::new(document);
                entry.document = Some((Arc::clone(&document), now));
                entry.failure = None;
                Ok(document)
            }
            Err(failure) => {
                tracing::warn!(%failure, "local App: an identity provider's document");
                entry.failure = Some((failure.clone(), now));
                // An issuer that is down for a moment locks nobody out.
                entry.document.as_ref().map(|(document, _)| Arc::clone(document)).ok_or(failure)
            }
        }
    }
}
