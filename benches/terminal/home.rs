//! A folder for idmux with users in its vault, made through the vault's own API.

use idmux::account::{AccessToken, AppAlias, Provider, RefreshToken, Tokens, UserId, UserKey};
use idmux::vault::{Location, Opened, UserRecord, Vault};
use portable_pty::CommandBuilder;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::pty::Program;
use crate::vaults::{access_token, key_file, profile, refresh_token};

/// How long the access tokens of the users live.
#[derive(Clone, Copy)]
pub enum Lives {
    /// Weeks: no text on the screen changes within minutes.
    Long,
    /// Half an hour: every user counts down by the second.
    Short,
}

/// The folder.
pub struct Home {
    folder: TempDir,
    users: usize,
    last_in_sight: String,
}

/// Users that surely fit on the screen.
const IN_SIGHT: usize = 10;

impl Home {
    pub fn build(runtime: &Runtime, users: usize, lives: Lives) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder is made");
        let location = Location::File(folder.path().join("vault.db"));
        let expires_in = match lives {
            Lives::Long => 50 * 86_400,
            Lives::Short => 1_800,
        };
        runtime.block_on(async {
            let Ok(Opened::Open(vault, _)) = Vault::open(location, key_file()).await else {
                panic!("a vault with a key file opens");
            };
            let mut last = None;
            for number in 0..users {
                let key = UserKey {
                    app: AppAlias::new(AppAlias::LOCAL),
                    id: UserId::new(format!("{number:024x}")),
                };
                let record = UserRecord {
                    provider: Provider::EmailPassword,
                    profile: Some(profile(number)),
                    tokens: Some(Tokens::new(
                        AccessToken::new(access_token(number, expires_in)),
                        RefreshToken::new(refresh_token(number)),
                    )),
                    ended: None,
                };
                last = Some(vault.put(key, record));
            }
            if let Some(last) = last {
                last.done().await.expect("the users are stored");
            }
            tokio::task::spawn_blocking(|| vault.close()).await.expect("the vault closes");
        });
        let last_in_sight = format!("user{}@example.com", users.min(IN_SIGHT) - 1);
        Self { folder, users, last_in_sight }
    }

    /// Starts the real binary here.
    pub fn start(&self) -> Program {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_idmux"));
        command.env("IDMUX_HOME", self.folder.path());
        // No keyring, no proxy, no variable of the one who measures.
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
        command.env("NO_PROXY", "127.0.0.1,localhost");
        for name in ["NO_COLOR", "IDMUX_LOG", "IDMUX_PASSPHRASE", "IDMUX_KEY_FILE", "IDMUX_CONTROL_TOKEN"] {
            command.env_remove(name);
        }
        Program::start(command)
    }

    /// What the screen shows when the users are there.
    pub fn last_in_sight(&self) -> &str {
        &self.last_in_sight
    }

    pub fn name(&self) -> String {
        format!("idmux, {} users", self.users)
    }
}
