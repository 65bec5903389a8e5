//! Vaults full of users, with tokens of the size that App Services issues to users with some custom data.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idmux::account::{AccessToken, Identity, Profile, Provider, RefreshToken, Tokens, UserId, UserKey};
use idmux::clock::{Clock, SystemClock};
use idmux::vault::{KeyChoice, KeyPolicy, Location, Opened, UserRecord, Vault};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A vault file with its key beside it.
pub struct VaultFolder {
    folder: TempDir,
    pub users: usize,
}

/// The apps of the users.
pub mod app {
    use idmux::account::{App, AppAlias, CustomDataSource};

    const NAMES: [&str; 2] = ["shop", "bank"];

    /// The app of a user.
    pub fn of(number: usize) -> AppAlias {
        AppAlias::new(NAMES[number % NAMES.len()])
    }

    /// Every app.
    pub fn all() -> impl Iterator<Item = App> {
        NAMES.into_iter().map(|name| App {
            alias: AppAlias::new(name),
            base_url: "http://localhost".parse().expect("it is a URL"),
            client_app_id: format!("{name}-abcde"),
            custom_data: CustomDataSource::default(),
            control: None,
            accepted_host: None,
        })
    }
}

/// Who a user is.
pub fn key(number: usize) -> UserKey {
    UserKey { app: app::of(number), id: UserId::new(format!("{number:024x}")) }
}

/// An access token of about 1.2 KB, most of it custom data, that expires so many seconds from now.
pub fn access_token(number: usize, expires_in: i64) -> String {
    let data = serde_json::json!({ "nickname": format!("user{number}"), "about": "x".repeat(600) });
    token(number, expires_in, ("user_data", data))
}

/// A refresh token, which carries no custom data.
pub fn refresh_token(number: usize) -> String {
    token(number, 60 * 86_400, ("stitch_data", serde_json::Value::Null))
}

fn token(number: usize, expires_in: i64, (claim, value): (&str, serde_json::Value)) -> String {
    let now = SystemClock.now().as_second();
    // One for weeks is some hours old, so that its age does not change while somebody looks.
    let issued = if expires_in > 86_400 { now - 12_600 } else { now.min(now + expires_in - 1800) };
    let claims = serde_json::json!({
        "baas_device_id": "64b0c0ffee64b0c0ffee0001",
        "exp": now + expires_in,
        "iat": issued,
        "iss": format!("{number:024x}"),
        "sub": format!("{number:024x}"),
        claim: value,
    });
    let [header, claims] = [r#"{"alg":"HS256","typ":"JWT"}"#.to_owned(), claims.to_string()]
        .map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode([7; 32]))
}

/// The profile of a user.
pub fn profile(number: usize) -> Profile {
    let email = format!("user{number}@example.com");
    Profile {
        user_type: "normal".into(),
        identities: vec![Identity { id: format!("{:024x}", !number), provider: Provider::EmailPassword }],
        data: [("email".to_owned(), email.into())].into_iter().collect(),
    }
}

fn record(number: usize, expires_in: i64) -> UserRecord {
    UserRecord {
        provider: Provider::EmailPassword,
        profile: Some(profile(number)),
        tokens: Some(Tokens::new(
            AccessToken::new(access_token(number, expires_in)),
            RefreshToken::new(refresh_token(number)),
        )),
        ended: None,
    }
}

/// A key file, and no question to a person.
pub fn key_file() -> KeyPolicy {
    KeyPolicy { choice: Some(KeyChoice::KeyFile(None)), ..KeyPolicy::default() }
}

impl VaultFolder {
    /// A vault with so many users, of whom `due`, evenly spread, have an access token that is over.
    pub fn build(runtime: &Runtime, users: usize, due: usize) -> Self {
        let built = Self::empty(users);
        let every = users.checked_div(due);
        runtime.block_on(async {
            let Ok(Opened::Open(vault, _)) = Vault::open(built.location(), key_file()).await else {
                panic!("a vault with a key file opens");
            };
            let mut last = None;
            for number in 0..users {
                let is_due = every.is_some_and(|every| number % every == 0);
                last = Some(vault.put(key(number), record(number, if is_due { -60 } else { 1800 })));
            }
            if let Some(last) = last {
                last.done().await.expect("the users are stored");
            }
            tokio::task::spawn_blocking(|| vault.close()).await.expect("the vault closes");
        });
        built
    }

    fn empty(users: usize) -> Self {
        // Beside the build: a folder for temporary files is often in memory, where no write waits for a disk.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder is made");
        Self { folder, users }
    }

    /// The same vault once more; it has the key file of the first.
    pub fn copy(&self) -> Self {
        let copy = Self::empty(self.users);
        std::fs::copy(self.path(), copy.path()).expect("a closed vault is one file");
        // Else the first transaction waits for the whole copy to reach the disk.
        let file = std::fs::File::open(copy.path()).expect("the copy is there");
        file.sync_all().expect("the copy reaches the disk");
        copy
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("vault.db")
    }

    pub fn location(&self) -> Location {
        Location::File(self.path())
    }

    /// The database, set up as the vault does it.
    pub fn sqlite(&self) -> Connection {
        let connection = Connection::open(self.path()).expect("the database opens");
        for (name, value) in [("journal_mode", "wal"), ("synchronous", "full"), ("secure_delete", "true")] {
            connection.pragma_update(None, name, value).expect("the setting is taken");
        }
        connection
    }

    /// Opens the database and reads all sealed rows, without opening a seal.
    pub fn read_rows(&self) -> usize {
        let connection = self.sqlite();
        let mut rows = connection.prepare("SELECT sealed FROM users ORDER BY position").expect("it is SQL");
        let rows = rows.query_map([], |row| row.get::<_, Vec<u8>>(0)).expect("it is read");
        rows.map(|row| row.expect("a row is read").len()).sum()
    }
}
