//! Where the vault's key comes from, and how it is had.
//!
//! A vault has one slot, chosen when it is made and never changed by itself: the OS keyring if there is one, else what
//! a person, or the environment, says. There is no silent fallback to a weaker place.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretString};
use serde::{Deserialize, Serialize};

use super::private::make_private_folder;
use super::seal::{self, KEY_LENGTH, SealKey, random_key, unseal};
use super::store::{Database, Store, StoredSlot};
use super::{Location, Opened, Vault, VaultError, keyring};

/// Where a vault's key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// The OS keyring.
    Keyring,
    /// A passphrase.
    Passphrase,
    /// A file that only its owner may read.
    KeyFile(PathBuf),
    /// Nowhere: nothing is kept.
    Memory,
}

impl std::fmt::Display for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Keyring => "OS keyring",
            Self::Passphrase => "passphrase",
            Self::KeyFile(_) => "key file",
            Self::Memory => "memory only",
        })
    }
}

/// Where the key shall come from, as a person chose.
#[derive(Debug, Clone)]
pub enum KeyChoice {
    /// Ask the OS keyring again.
    Keyring,
    /// Derive it from a passphrase.
    Passphrase(SecretString),
    /// Keep it in a file that only the owner may read; `None` for the file beside the vault.
    KeyFile(Option<PathBuf>),
    /// Keep no vault: everything is forgotten at the end.
    Memory,
}

/// What leads to the key.
#[derive(Debug, Clone, Default)]
pub struct KeyPolicy {
    /// A person's choice. It wins over the environment.
    pub choice: Option<KeyChoice>,
    /// A passphrase from the environment, for machines without a keyring.
    pub passphrase: Option<SecretString>,
    /// A key file from the environment, likewise.
    pub key_file: Option<PathBuf>,
}

impl KeyPolicy {
    fn passphrase(&self) -> Option<&SecretString> {
        match &self.choice {
            Some(KeyChoice::Passphrase(passphrase)) => Some(passphrase),
            _ => self.passphrase.as_ref(),
        }
    }
}

/// What the vault remembers of its slot; none of it is secret.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Slot {
    Keyring { name: String },
    Passphrase { salt: String, memory_kib: u32, passes: u32, lanes: u32 },
    KeyFile { path: PathBuf },
}

impl Slot {
    fn of(stored: &StoredSlot) -> Result<Self, VaultError> {
        serde_json::from_str(&stored.detail)
            .map_err(|_| VaultError::Damaged { what: "its key slot cannot be read".into() })
    }

    fn source(&self) -> KeySource {
        match self {
            Self::Keyring { .. } => KeySource::Keyring,
            Self::Passphrase { .. } => KeySource::Passphrase,
            Self::KeyFile { path } => KeySource::KeyFile(path.clone()),
        }
    }
}

/// Binds a wrapped data key to its purpose, and says that the vault has a roll: one without it has lost it. The tally of
/// the roll cannot say so itself, since it can be taken away as well.
const WRAP_CONTEXT: &[u8] = b"idmux vault data key 2";

/// That of older vaults, which may have none yet.
const WRAP_CONTEXT_BEFORE_ROLL: &[u8] = b"idmux vault data key 1";

/// Argon2id above the OWASP minimum (19 MiB, 2 passes): a vault is opened once, and attacked at leisure.
const PASSPHRASE_COST: (u32, u32, u32) = (64 * 1024, 3, 1);

/// What is more than this was never written, and would take all memory, or for ever.
const MOST_COST: (u32, u32, u32) = (1024 * 1024, 32, 16);

/// More bytes than a key file has.
const LONGEST_KEY_FILE: u64 = 4096;

/// See [`Vault::open`].
pub async fn open(location: Location, policy: KeyPolicy) -> Result<Opened, VaultError> {
    if matches!(policy.choice, Some(KeyChoice::Memory)) || location == Location::Memory {
        let (mut database, key) = (Database::open(&Location::Memory)?, random_key()?);
        database.begin_roll(&key)?;
        return start(KeySource::Memory, database.with_key(key, None), false).await;
    }
    let database = {
        let location = location.clone();
        blocking(move || Database::open(&location)).await?
    };
    match database.slot()? {
        Some(stored) => open_existing(database, &stored, &policy).await,
        None => create(database, &location, &policy).await,
    }
}

/// Whether the slot can be read, and its key, where that is in a file, fits. Other keys are not asked for.
pub fn try_key_file(stored: &StoredSlot) -> Result<(), VaultError> {
    match Slot::of(stored)? {
        Slot::KeyFile { path } => unwrap_key(&read_key_file(&path)?, &stored.wrapped).map(|_| ()),
        Slot::Keyring { .. } | Slot::Passphrase { .. } => Ok(()),
    }
}

async fn open_existing(
    database: Database,
    stored: &StoredSlot,
    policy: &KeyPolicy,
) -> Result<Opened, VaultError> {
    let slot = Slot::of(stored)?;
    let key = slot.source();
    let locked = |why: Option<String>| Ok(Opened::Locked { key: slot.source(), why });
    // Only a person opens what a person locked; an environment variable does not.
    let was_locked = database.is_locked()?;
    if was_locked && policy.choice.is_none() {
        return locked(Some("it was locked".into()));
    }
    let wrapping = match &slot {
        Slot::Keyring { name } => match keyring::read(name.clone()).await {
            Ok(Some(key)) => key,
            Ok(None) => return locked(Some("the OS keyring no longer holds it".into())),
            Err(why) => return locked(Some(format!("the OS keyring does not give it: {why}"))),
        },
        Slot::Passphrase { salt, memory_kib, passes, lanes } => {
            let Some(passphrase) = policy.passphrase().cloned() else { return locked(None) };
            let (salt, cost) = (salt.clone(), (*memory_kib, *passes, *lanes));
            if *memory_kib > MOST_COST.0 || *passes > MOST_COST.1 || *lanes > MOST_COST.2 {
                return Err(VaultError::Damaged { what: "the cost of its passphrase cannot be true".into() });
            }
            blocking(move || stretch(&passphrase, &salt, cost)).await?
        }
        Slot::KeyFile { path } => match read_key_file(path) {
            Ok(key) => key,
            Err(error) => return locked(Some(error.to_string())),
        },
    };
    match unwrap_key(&wrapping, &stored.wrapped) {
        Ok((data_key, rewrapped)) => {
            let opens_lock = was_locked && policy.choice.is_some();
            let opened = start(key, database.with_key(data_key, rewrapped), opens_lock).await?;
            if let (true, Opened::Open(vault, _)) = (was_locked, &opened) {
                vault.set_locked(false).done().await?;
            }
            Ok(opened)
        }
        Err(_) if key == KeySource::Passphrase => locked(Some("this is not the passphrase".into())),
        Err(_) => locked(Some("the key does not fit this vault".into())),
    }
}

async fn create(
    mut database: Database,
    location: &Location,
    policy: &KeyPolicy,
) -> Result<Opened, VaultError> {
    let (slot, wrapping) = match (&policy.choice, policy.passphrase(), &policy.key_file) {
        (Some(KeyChoice::KeyFile(path)), ..) => key_file_slot(path.clone(), location)?,
        (Some(KeyChoice::Keyring), ..) | (None, None, None) => match keyring_slot().await {
            Ok(slot) => slot,
            Err(why) => return Ok(Opened::ChooseKey { why }),
        },
        (_, Some(passphrase), _) => passphrase_slot(passphrase.clone()).await?,
        (_, None, path) => key_file_slot(path.clone(), location)?,
    };
    let data_key = random_key()?;
    let stored = StoredSlot {
        kind: slot.source().to_string(),
        detail: serde_json::to_string(&slot).map_err(|_| VaultError::Seal)?,
        wrapped: seal::seal(&wrapping, WRAP_CONTEXT, data_key.expose_secret())?,
    };
    if database.add_slot(&stored, &data_key)? {
        start(slot.source(), database.with_key(data_key, None), false).await
    } else {
        // Another process set the vault up in the same moment: its slot stands.
        let stored = database.slot()?.ok_or(VaultError::Seal)?;
        Box::pin(open_existing(database, &stored, policy)).await
    }
}

/// Starts an open vault. One that was locked since it was looked at stays closed, unless a person opens it after that.
async fn start(key: KeySource, store: Store, opens_lock: bool) -> Result<Opened, VaultError> {
    let (store, contents) = blocking(move || {
        let mut store = store;
        let contents = store.load()?;
        Ok((store, contents))
    })
    .await?;
    if contents.locked && !opens_lock {
        return Ok(Opened::Locked { key, why: Some("it was locked".into()) });
    }
    Ok(Opened::Open(Vault::start(key, store)?, contents))
}

async fn keyring_slot() -> Result<(Slot, SealKey), String> {
    let key = random_key().map_err(|error| error.to_string())?;
    // A name of its own, so that vaults in different folders do not overwrite each other's key.
    let mut name = [0; 8];
    seal::fill(&mut name).map_err(|error| error.to_string())?;
    let name = format!("vault-{:016x}", u64::from_be_bytes(name));
    keyring::write(name.clone(), &key).await?;
    Ok((Slot::Keyring { name }, key))
}

async fn passphrase_slot(passphrase: SecretString) -> Result<(Slot, SealKey), VaultError> {
    let salt = keyring::encode(&random_key()?).expose_secret().to_owned();
    let (memory_kib, passes, lanes) = PASSPHRASE_COST;
    let key = {
        let salt = salt.clone();
        blocking(move || stretch(&passphrase, &salt, PASSPHRASE_COST)).await?
    };
    Ok((Slot::Passphrase { salt, memory_kib, passes, lanes }, key))
}

fn stretch(
    passphrase: &SecretString,
    salt: &str,
    (memory_kib, passes, lanes): (u32, u32, u32),
) -> Result<SealKey, VaultError> {
    let refuse = |error: argon2::Error| VaultError::Passphrase(error.to_string());
    let params = Params::new(memory_kib, passes, lanes, Some(KEY_LENGTH)).map_err(refuse)?;
    let mut key: SealKey = SecretBox::new(Box::new([0; KEY_LENGTH]));
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(
            passphrase.expose_secret().as_bytes(),
            salt.as_bytes(),
            key.expose_secret_mut().as_mut_slice(),
        )
        .map_err(refuse)?;
    Ok(key)
}

fn key_file_slot(path: Option<PathBuf>, location: &Location) -> Result<(Slot, SealKey), VaultError> {
    let path = match (path, location) {
        (Some(path), _) => std::path::absolute(&path).unwrap_or(path),
        (None, Location::File(vault)) => vault.with_extension("key"),
        (None, Location::Memory) => return Err(VaultError::Seal),
    };
    let key = match read_key_file(&path) {
        Err(VaultError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {
            write_key_file(&path)?
        }
        existing => existing?,
    };
    Ok((Slot::KeyFile { path }, key))
}

fn read_key_file(path: &Path) -> Result<SealKey, VaultError> {
    let failed = |source| VaultError::File { path: path.to_owned(), source };
    // Whatever else its path names, a pipe or a device, may never end.
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() || metadata.len() > LONGEST_KEY_FILE {
        return Err(VaultError::KeyFile(path.to_owned()));
    }
    let text = fs::read_to_string(path).map(SecretString::from).map_err(failed)?;
    keyring::decode(text.expose_secret()).ok_or_else(|| VaultError::KeyFile(path.to_owned()))
}

fn write_key_file(path: &Path) -> Result<SealKey, VaultError> {
    let key = random_key()?;
    // Whole or not at all: another process that starts in the same moment must not read the half of it.
    let write = || {
        let folder = path.parent().unwrap_or(Path::new("."));
        make_private_folder(folder)?;
        // For the owner only, as it is made.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(keyring::encode(&key).expose_secret().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|error| error.error)
    };
    match write() {
        Ok(_) => Ok(key),
        // Another process was faster: its key stands.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read_key_file(path),
        Err(source) => Err(VaultError::File { path: path.to_owned(), source }),
    }
}

/// The data key; and, of a vault that may have no roll yet, the same wrapped for when it has one.
fn unwrap_key(wrapping: &SealKey, wrapped: &[u8]) -> Result<(SealKey, Option<Vec<u8>>), VaultError> {
    let (plain, rewrapped) = match unseal(wrapping, WRAP_CONTEXT, wrapped) {
        Ok(plain) => (plain, None),
        Err(_) => {
            let plain = unseal(wrapping, WRAP_CONTEXT_BEFORE_ROLL, wrapped)?;
            let rewrapped = seal::seal(wrapping, WRAP_CONTEXT, &plain)?;
            (plain, Some(rewrapped))
        }
    };
    let key: [u8; KEY_LENGTH] = plain.as_slice().try_into().map_err(|_| VaultError::Seal)?;
    Ok((SecretBox::new(Box::new(key)), rewrapped))
}

/// Runs slow work off the runtime's own threads.
async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    tokio::task::spawn_blocking(job).await.unwrap_or(Err(VaultError::Closed))
}

/// Wraps the data key as versions without a roll did.
#[cfg(test)]
pub(super) fn wrap_as_before_the_roll(sql: &rusqlite::Connection, key_file: &Path) {
    let wrapped: Vec<u8> = sql.query_row("SELECT wrapped FROM key_slot", [], |row| row.get(0)).unwrap();
    let wrapping = read_key_file(key_file).unwrap();
    let plain = unseal(&wrapping, WRAP_CONTEXT, &wrapped).unwrap();
    let wrapped = seal::seal(&wrapping, WRAP_CONTEXT_BEFORE_ROLL, &plain).unwrap();
    sql.execute("UPDATE key_slot SET wrapped = ?1", [wrapped]).unwrap();
}
