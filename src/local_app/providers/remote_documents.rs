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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that counts what it is asked, and answers with the count, or with 503 where `is_down`.
    async fn counting(is_down: Arc<Mutex<bool>>) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move {
            for count in 1.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await.unwrap();
                let status = if *is_down.lock().unwrap() { "503 No" } else { "200 OK" };
                let head =
                    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 1\r\n\r\n{count}");
                stream.write_all(head.as_bytes()).await.unwrap();
            }
        });
        url
    }

    /// Moves the runtime's clock only: sockets need it to run.
    async fn later(seconds: u64) {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(seconds)).await;
        tokio::time::resume();
    }

    #[tokio::test]
    async fn a_document_is_asked_for_once_an_hour_or_for_something_new_once_a_minute() {
        let is_down = Arc::new(Mutex::new(false));
        let url = counting(Arc::clone(&is_down)).await;
        let documents = RemoteDocuments::default();
        let kept = async || documents.get(&url).await.map(|document| document.as_u64().unwrap());
        let anew = async || documents.get_anew(&url).await.map(|document| document.as_u64().unwrap());

        assert_eq!(kept().await, Ok(1));
        assert_eq!(anew().await, Ok(1), "it was asked just now");
        later(61).await;
        assert_eq!(kept().await, Ok(1));
        assert_eq!(anew().await, Ok(2));
        assert_eq!(anew().await, Ok(2));
        later(3601).await;
        assert_eq!(kept().await, Ok(3));

        // An issuer that is down locks nobody out, and is asked no more often.
        *is_down.lock().unwrap() = true;
        later(3601).await;
        assert_eq!(kept().await, Ok(3));
        assert_eq!(anew().await, Ok(3));
        *is_down.lock().unwrap() = false;
        later(61).await;
        assert_eq!(kept().await, Ok(5), "the fourth had no answer");
    }

    #[tokio::test]
    async fn a_document_that_was_never_there_is_asked_for_again_soon() {
        let is_down = Arc::new(Mutex::new(true));
        let url = counting(Arc::clone(&is_down)).await;
        let documents = RemoteDocuments::default();
        let first = documents.get(&url).await.unwrap_err();
        assert_eq!(documents.get(&url).await.unwrap_err(), first, "whoever waited gets the same answer");
        *is_down.lock().unwrap() = false;
        later(2).await;
        assert_eq!(documents.get(&url).await.unwrap().as_u64(), Some(2));
    }
}
