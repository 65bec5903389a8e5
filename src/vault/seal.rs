//! Authenticated encryption: XChaCha20-Poly1305 with a random nonce in front.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretBox};
use zeroize::Zeroizing;

use super::VaultError;

/// Length of a key in bytes.
pub const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 24;

/// A key that seals.
pub type SealKey = SecretBox<[u8; KEY_LENGTH]>;

/// A new random key.
pub fn random_key() -> Result<SealKey, VaultError> {
    let mut key = Box::new([0; KEY_LENGTH]);
    fill(key.as_mut())?;
    Ok(SecretBox::new(key))
}

/// Fills `bytes` with random numbers from the operating system.
pub fn fill(bytes: &mut [u8]) -> Result<(), VaultError> {
    getrandom::fill(bytes).map_err(|error| VaultError::Random(error.to_string()))
}

/// Seals `plain`. Only the same key and the same `context` open it again.
pub fn seal(key: &SealKey, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut nonce = [0; NONCE_LENGTH];
    fill(&mut nonce)?;
    let sealed = cipher(key)
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: context })
        .map_err(|_| VaultError::Seal)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// Opens what [`seal`] made.
pub fn unseal(key: &SealKey, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_LENGTH).ok_or(VaultError::Seal)?;
    let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::Seal)?;
    cipher(key)
        .decrypt(&nonce, Payload { msg: sealed, aad: context })
        .map(Zeroizing::new)
        .map_err(|_| VaultError::Seal)
}

fn cipher(key: &SealKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key.expose_secret()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_context_and_bytes_open() {
        let key = random_key().unwrap();
        let sealed = seal(&key, b"alice", b"token").unwrap();
        assert_eq!(unseal(&key, b"alice", &sealed).unwrap().as_slice(), b"token");
        assert!(unseal(&key, b"bob", &sealed).is_err());
        assert!(unseal(&random_key().unwrap(), b"alice", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(unseal(&key, b"alice", &damaged).is_err(), "byte {at}");
            assert!(unseal(&key, b"alice", &sealed[..at]).is_err(), "cut at {at}");
        }
    }
}
