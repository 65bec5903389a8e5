//! The certificate of the TLS listener, from its files, and again whenever they change.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;
use sha2::{Digest, Sha256};

use super::blocking::blocking;
use super::network::TlsFiles;

/// How often the files are looked at. They are small, and whoever renews a certificate does so days ahead.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
    /// What is in the files is no certificate with its key.
    #[error("{certificate} and {key} are no PEM certificate with its private key: {source}")]
    Pem {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
        /// What is wrong with them.
        source: std::io::Error,
    },
}

/// The certificate in use.
pub struct Certificate {
    files: TlsFiles,
    config: RustlsConfig,
    /// Of what the files held when they were last looked at.
    seen: [u8; 32],
}

impl Certificate {
    /// Reads the files.
    pub async fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let (certificate, key) = read(&files).await?;
        let seen = digest(&certificate, &key);
        let config = RustlsConfig::from_pem(certificate, key).await.map_err(|e| not_pem(&files, e))?;
        Ok(Self { files, config, seen })
    }

    /// What the listener uses; it follows later changes.
    pub fn config(&self) -> RustlsConfig {
        self.config.clone()
    }

    /// Takes over what the files hold from then on, for ever. Connections that are open keep what they began with, and
    /// files that make no sense, such as half of a renewal, leave the certificate as it is.
    pub async fn follow(mut self) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            match self.look().await {
                Ok(true) => tracing::info!("local App: the certificate was read again"),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "local App: the old certificate stays in use"),
            }
        }
    }

    /// Whether there was something new. The same trouble is told once.
    async fn look(&mut self) -> Result<bool, TlsError> {
        let (certificate, key) = read(&self.files).await?;
        let found = digest(&certificate, &key);
        if found == self.seen {
            return Ok(false);
        }
        self.seen = found;
        self.config.reload_from_pem(certificate, key).await.map_err(|e| not_pem(&self.files, e))?;
        Ok(true)
    }
}

async fn read(files: &TlsFiles) -> Result<(Vec<u8>, Vec<u8>), TlsError> {
    let TlsFiles { certificate, key } = files.clone();
    let both = blocking(move || Ok((read_file(&certificate)?, read_file(&key)?))).await;
    both.unwrap_or_else(|source| Err(TlsError::Read { path: files.certificate.clone(), source }))
}

fn read_file(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

fn not_pem(files: &TlsFiles, source: std::io::Error) -> TlsError {
    let TlsFiles { certificate, key } = files.clone();
    TlsError::Pem { certificate, key, source }
}

fn digest(certificate: &[u8], key: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(certificate).chain_update([0]).chain_update(key).finalize().into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Makes a certificate that signs itself, in place of the one that is there.
    fn renew(files: &TlsFiles) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(&files.certificate, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    }

    #[tokio::test]
    async fn a_renewed_certificate_is_taken_over_and_half_of_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles { certificate: folder.path().join("a.crt"), key: folder.path().join("a.key") };
        renew(&files);
        let mut certificate = Certificate::load(files.clone()).await.unwrap();
        let config = certificate.config();
        let in_use = || config.get_inner();
        let first = in_use();
        assert!(!certificate.look().await.unwrap());
        assert!(Arc::ptr_eq(&first, &in_use()));

        let key = std::fs::read(&files.key).unwrap();
        renew(&files);
        let new_key = std::fs::read(&files.key).unwrap();
        std::fs::write(&files.key, key).unwrap();
        let error = certificate.look().await.unwrap_err();
        assert!(error.to_string().contains("a.key"), "{error}");
        assert!(Arc::ptr_eq(&first, &in_use()), "a certificate without its key");
        assert!(!certificate.look().await.unwrap(), "the same trouble is told once");

        std::fs::write(&files.key, new_key).unwrap();
        assert!(certificate.look().await.unwrap());
        assert!(!Arc::ptr_eq(&first, &in_use()));
        std::fs::remove_file(&files.key).unwrap();
        assert!(matches!(certificate.look().await, Err(TlsError::Read { .. })));
    }
}
