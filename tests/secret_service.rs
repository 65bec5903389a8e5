//! The vault's key in a real Secret Service. `tests/interop/secret-service` starts one and runs this; a plain
//! `cargo test` does not, since most machines that build have none.

use std::path::Path;

use idmux::account::{AppAlias, Provider, UserId, UserKey};
use idmux::vault::{Contents, KeyPolicy, KeySource, Location, Opened, UserRecord, Vault};

async fn open(path: &Path) -> (Vault, Contents) {
    match Vault::open(Location::File(path.to_owned()), KeyPolicy::default()).await {
        Ok(Opened::Open(vault, contents)) => (vault, contents),
        other => panic!("not open: {other:?}"),
    }
}

fn secret_tool(args: &[&str]) -> String {
    let output = std::process::Command::new("secret-tool").args(args).output().expect("secret-tool runs");
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn the_key_lives_in_the_keyring_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("one/vault.db"), folder.path().join("two/vault.db"));
    let user = UserKey { app: AppAlias::new("shop"), id: UserId::new("alice") };
    let record = UserRecord { provider: Provider::Anonymous, profile: None, tokens: None, ended: None };

    let (vault, _) = open(&first).await;
    assert_eq!(*vault.key(), KeySource::Keyring);
    vault.put(user, record).done().await.unwrap();
    vault.close();
    // A second vault has a key of its own and leaves the first one's alone.
    drop(open(&second).await);
    assert_eq!(open(&first).await.1.users.len(), 1);
    assert!(!folder.path().join("one/vault.key").exists());

    let found = secret_tool(&["search", "--all", "service", "idmux"]);
    assert_eq!(found.matches("secret = ").count(), 2, "{found}");

    // A key that is gone locks the vault; nothing is made anew in silence.
    secret_tool(&["clear", "service", "idmux"]);
    let locked = Vault::open(Location::File(first), KeyPolicy::default()).await;
    assert!(matches!(&locked, Ok(Opened::Locked { key: KeySource::Keyring, why: Some(_) })), "{locked:?}");
}
