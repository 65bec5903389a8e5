//! The OS keyring on a thread of its own.
//!
//! A keyring may wait for a prompt for ever. A plain thread that is left behind then holds up neither the screen nor
//! the end of the program; a blocking task of the runtime would hold up the end.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keyring_core::api::CredentialStoreApi;
use keyring_core::{CredentialStore, Error};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::seal::{KEY_LENGTH, SealKey};

/// How long the keyring may take: a person may have to answer its prompt.
pub const TIME_LIMIT: Duration = Duration::from_secs(10);

const SERVICE: &str = "idmux";

/// Reads the key that the keyring holds for the vault named `vault`.
pub async fn read(vault: String) -> Result<Option<SealKey>, String> {
    let text = call(move |store| match store.build(SERVICE, &vault, None)?.get_password() {
        Ok(text) => Ok(Some(SecretString::from(text))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    })
    .await?;
    text.map(|text| decode(text.expose_secret()).ok_or_else(|| "the keyring holds something else".to_owned()))
        .transpose()
}

/// Puts a key into the keyring for the vault named `vault`, and reads it back: some stores accept and forget.
pub async fn write(vault: String, key: &SealKey) -> Result<(), String> {
    let text = encode(key);
    call(move |store| {
        let entry = store.build(SERVICE, &vault, None)?;
        entry.set_password(text.expose_secret())?;
        let kept = Zeroizing::new(entry.get_password()?);
        if *kept == text.expose_secret() { Ok(()) } else { Err(Error::NoEntry) }
    })
    .await
}

/// A key as text: some keyrings hold UTF-8 only.
pub fn encode(key: &SealKey) -> SecretString {
    STANDARD.encode(key.expose_secret()).into()
}

/// Reads what [`encode`] wrote.
pub fn decode(text: &str) -> Option<SealKey> {
    let bytes = Zeroizing::new(STANDARD.decode(text.trim()).ok()?);
    let key: [u8; KEY_LENGTH] = bytes.as_slice().try_into().ok()?;
    Some(SealKey::new(Box::new(key)))
}

async fn call<T: Send + 'static>(
    job: impl FnOnce(&dyn CredentialStoreApi) -> keyring_core::Result<T> + Send + 'static,
) -> Result<T, String> {
    let (done, result) = oneshot::channel();
    std::thread::Builder::new()
        .name("keyring".into())
        .spawn(move || {
            let outcome = platform_store().and_then(|store| job(store.as_ref()));
            let _ = done.send(outcome.map_err(|error| reason(&error)));
        })
        .map_err(|error| error.to_string())?;
    match tokio::time::timeout(TIME_LIMIT, result).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err("the keyring's thread ended".into()),
        Err(_) => Err(format!("it did not answer within {} s", TIME_LIMIT.as_secs())),
    }
}

/// What went wrong, without the words that say only that something did.
fn reason(error: &Error) -> String {
    match error {
        Error::PlatformFailure(cause) | Error::NoStorageAccess(cause) => cause.to_string(),
        other => other.to_string(),
    }
}

/// The platform's keyring. Its connection is made once a process.
fn platform_store() -> keyring_core::Result<Arc<CredentialStore>> {
    keyring::Entry::store_status().as_ref().map_err(|error| Error::PlatformFailure(reason(error).into()))?;
    keyring_core::get_default_store().ok_or(Error::NoDefaultStore)
}
