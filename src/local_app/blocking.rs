//! Work that blocks, or takes long, on a thread of its own.
//!
//! `tokio::task::spawn_blocking` panics where the system gives no thread; here that is an error, which its caller can
//! tell or work around.

use std::io;

use tokio::sync::oneshot;

/// Does `work` on a thread of its own.
///
/// # Errors
/// When the system gives no thread, or `work` panics.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let (done, outcome) = oneshot::channel();
    std::thread::Builder::new().name("local-app-work".to_owned()).spawn(move || {
        // Whoever asked may have gone.
        let _ = done.send(work());
    })?;
    outcome.await.map_err(|_| io::Error::other("it panicked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind: an end that nobody is told.
    #[tokio::test]
    async fn work_that_panics_is_an_error() {
        assert_eq!(blocking(|| 5).await.unwrap(), 5);
        assert!(blocking(|| panic!("on purpose")).await.is_err());
    }
}
