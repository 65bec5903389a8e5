use super::*;
use crate::account::{AccessToken, EndReason, Profile, Provider, RefreshToken, Tokens};

const SECRET: &str = "header.very-secret-token.signature";

fn key_file() -> KeyPolicy {
    KeyPolicy { choice: Some(KeyChoice::KeyFile(None)), ..KeyPolicy::default() }
}

fn passphrase(text: &str) -> KeyPolicy {
    KeyPolicy { choice: Some(KeyChoice::Passphrase(text.into())), ..KeyPolicy::default() }
}

fn user(name: &str) -> UserKey {
    UserKey { app: AppAlias::new("shop"), id: UserId::new(name) }
}

fn record() -> UserRecord {
    UserRecord {
        provider: Provider::EmailPassword,
        profile: Some(Profile { user_type: "normal".into(), ..Profile::default() }),
        tokens: Some(Tokens::new(AccessToken::new(SECRET), RefreshToken::new("r\"\\\u{7}"))),
        ended: Some(EndReason::RefreshTokenExpired),
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("idmux").join("vault.db")
    }

    async fn try_open(&self, policy: KeyPolicy) -> Result<Opened, VaultError> {
        Vault::open(Location::File(self.path()), policy).await
    }

    async fn open(&self) -> (Vault, Contents) {
        match self.try_open(key_file()).await {
            Ok(Opened::Open(vault, contents)) => (vault, contents),
            other => panic!("not open: {other:?}"),
        }
    }

    fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }
}

/// All files, and all folders, of a vault.
fn files(folder: &Folder) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (mut files, mut folders) = (Vec::new(), vec![folder.path().parent().unwrap().to_owned()]);
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned() {
        next += 1;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    (files, folders)
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart_in_order() {
    let folder = Folder::new();
    let (vault, contents) = folder.open().await;
    assert!(contents.users.is_empty());
    for name in ["carol", "alice", "bob"] {
        vault.put(user(name), record()).done().await.unwrap();
    }
    vault.put(user("carol"), UserRecord { tokens: None, ..record() }).done().await.unwrap();
    vault.remove(user("bob")).done().await.unwrap();
    vault.set_current(AppAlias::new("shop"), Some(UserId::new("alice"))).done().await.unwrap();
    vault.set_device(AppAlias::new("shop"), DeviceId::new("d1").unwrap()).done().await.unwrap();
    drop(vault);

    let (_vault, contents) = folder.open().await;
    let names: Vec<_> = contents.users.iter().map(|(key, _)| key.id.as_str()).collect();
    assert_eq!(names, ["carol", "alice"]);
    assert!(contents.users[0].1.tokens.is_none());
    let alice = &contents.users[1].1;
    let tokens = alice.tokens.as_ref().unwrap();
    assert_eq!((tokens.access.expose(), tokens.refresh.as_ref().unwrap().expose()), (SECRET, "r\"\\\u{7}"));
    assert_eq!((alice.profile.clone(), alice.ended.clone()), (record().profile, record().ended));
    let (alias, shop) = &contents.apps[0];
    assert_eq!(*alias, AppAlias::new("shop"));
    assert_eq!((&shop.current, &shop.device), (&Some(UserId::new("alice")), &DeviceId::new("d1")));
}

#[tokio::test]
async fn removing_the_current_user_leaves_no_current_user() {
    let folder = Folder::new();
    let (vault, _) = folder.open().await;
    vault.put(user("alice"), record()).done().await.unwrap();
    vault.set_current(AppAlias::new("shop"), Some(UserId::new("alice"))).done().await.unwrap();
    vault.remove(user("alice")).done().await.unwrap();
    drop(vault);
    assert_eq!(folder.open().await.1.apps[0].1.current, None);
}

#[tokio::test]
async fn a_write_that_nobody_waits_for_is_finished_before_the_vault_closes() {
    let folder = Folder::new();
    let (vault, _) = folder.open().await;
    for number in 0..20 {
        drop(vault.put(user(&format!("u{number}")), record()));
    }
    vault.close();
    assert_eq!(folder.open().await.1.users.len(), 20);
}

#[tokio::test]
async fn a_damaged_record_is_set_aside_and_all_others_live() {
    let folder = Folder::new();
    let (vault, _) = folder.open().await;
    for name in ["alice", "bob", "carol"] {
        vault.put(user(name), record()).done().await.unwrap();
    }
    drop(vault);
    folder
        .database()
        .execute("UPDATE users SET sealed = zeroblob(length(sealed)) WHERE user = 'bob'", [])
        .unwrap();

    let (vault, contents) = folder.open().await;
    let names: Vec<_> = contents.users.iter().map(|(key, _)| key.id.as_str()).collect();
    assert_eq!(names, ["alice", "carol"]);
    assert_eq!(contents.set_aside.len(), 1);
    assert_eq!(contents.set_aside[0].record, RecordName::User(user("bob")));
    // It is out of the way: bob can log in again, and the damaged record is kept for whoever wants to look.
    vault.put(user("bob"), record()).done().await.unwrap();
    drop(vault);
    let (_vault, contents) = folder.open().await;
    // The loss is named until a person says that it may be forgotten.
    assert_eq!((contents.users.len(), contents.set_aside.len()), (3, 1));
    let kept: i64 =
        folder.database().query_row("SELECT count(*) FROM set_aside", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn a_record_opens_only_in_its_own_row_and_version() {
    for tampering in [
        "UPDATE users SET sealed = (SELECT sealed FROM users WHERE user = 'bob') WHERE user = 'alice'",
        "UPDATE users SET version = version + 1 WHERE user = 'alice'",
        "UPDATE users SET app = 'other' WHERE user = 'alice'",
    ] {
        let folder = Folder::new();
        let (vault, _) = folder.open().await;
        vault.put(user("alice"), record()).done().await.unwrap();
        vault.put(user("bob"), record()).done().await.unwrap();
        drop(vault);
        folder.database().execute(tampering, []).unwrap();
        let (_vault, contents) = folder.open().await;
        assert_eq!((contents.users.len(), contents.set_aside.len()), (1, 1), "{tampering}");
    }
}

#[tokio::test]
async fn no_token_is_on_disk_in_plain_text() {
    let folder = Folder::new();
    let (vault, _) = folder.open().await;
    vault.put(user("alice"), record()).done().await.unwrap();
    for path in files(&folder).0 {
        let bytes = std::fs::read(path).unwrap();
        assert!(!bytes.windows(17).any(|window| window == b"very-secret-token"));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let (vault, _) = folder.open().await;
    vault.put(user("alice"), record()).done().await.unwrap();
    let (files, folders) = files(&folder);
    for (paths, mode, least) in [(files, 0o600, 4), (folders, 0o700, 2)] {
        assert!(paths.len() >= least, "database, its log, key file and lock file in two folders: {paths:?}");
        for path in paths {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, mode, "{path:?}");
        }
    }
}

#[tokio::test]
async fn a_passphrase_is_asked_for_and_a_wrong_one_changes_nothing() {
    let folder = Folder::new();
    let Ok(Opened::Open(vault, _)) = folder.try_open(passphrase("correct horse")).await else { panic!() };
    assert_eq!(*vault.key(), KeySource::Passphrase);
    vault.put(user("alice"), record()).done().await.unwrap();
    drop(vault);

    let asked = folder.try_open(KeyPolicy::default()).await;
    assert!(matches!(asked, Ok(Opened::Locked { key: KeySource::Passphrase, why: None })), "{asked:?}");
    let wrong = folder.try_open(passphrase("wrong")).await;
    assert!(matches!(wrong, Ok(Opened::Locked { key: KeySource::Passphrase, why: Some(_) })), "{wrong:?}");
    // Neither another choice nor the environment changes the slot of a vault that exists.
    let other = folder.try_open(key_file()).await;
    assert!(matches!(other, Ok(Opened::Locked { key: KeySource::Passphrase, .. })), "{other:?}");

    let environment = KeyPolicy { passphrase: Some("correct horse".into()), ..KeyPolicy::default() };
    let Ok(Opened::Open(_, contents)) = folder.try_open(environment).await else { panic!() };
    assert_eq!(contents.users.len(), 1);
}

#[tokio::test]
async fn a_lost_or_foreign_key_file_locks_the_vault_and_loses_nothing() {
    let folder = Folder::new();
    let (vault, _) = folder.open().await;
    vault.put(user("alice"), record()).done().await.unwrap();
    drop(vault);
    let key = folder.path().with_extension("key");
    let kept = std::fs::read(&key).unwrap();

    std::fs::remove_file(&key).unwrap();
    let lost = folder.try_open(key_file()).await;
    assert!(
        matches!(&lost, Ok(Opened::Locked { why: Some(why), .. }) if why.contains("vault.key")),
        "{lost:?}"
    );
    for foreign in ["not a key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
        std::fs::write(&key, foreign).unwrap();
        assert!(matches!(folder.try_open(key_file()).await, Ok(Opened::Locked { why: Some(_), .. })));
    }
    std::fs::write(&key, kept).unwrap();
    assert_eq!(folder.open().await.1.users.len(), 1);
}

#[tokio::test]
async fn a_vault_of_a_newer_version_is_not_touched() {
    let folder = Folder::new();
    drop(folder.open().await);
    folder.database().pragma_update(None, "user_version", 99).unwrap();
    let refused = folder.try_open(key_file()).await;
    assert!(matches!(refused, Err(VaultError::Newer { found: 99, .. })), "{refused:?}");
}

#[tokio::test]
async fn a_vault_in_memory_touches_no_disk_and_has_lost_nothing() {
    let Ok(Opened::Open(vault, contents)) = Vault::open(Location::Memory, KeyPolicy::default()).await else {
        panic!()
    };
    assert_eq!(contents.set_aside, []);
    vault.put(user("alice"), record()).done().await.unwrap();
    assert_eq!(*vault.key(), KeySource::Memory);
}

/// Kind: losses that nobody hears of. Whatever is damaged, a user is there, or is named, or the vault does not open.
#[tokio::test]
async fn no_damage_loses_a_user_without_a_word() {
    let folder = Folder::new();
    let (vault, _) = folder.open().await;
    let names: Vec<_> = (0..12).map(|number| format!("user{number}")).collect();
    for name in &names {
        vault.put(user(name), record()).done().await.unwrap();
    }
    vault.set_current(AppAlias::new("shop"), Some(UserId::new("user0"))).done().await.unwrap();
    vault.close();
    folder.database().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let whole = std::fs::read(folder.path()).unwrap();
    let mut random = fastrand::Rng::with_seed(10);
    let (mut lost, mut refused) = (0, 0);
    for round in 0..200 {
        let mut damaged = whole.clone();
        for _ in 0..random.usize(1..24) {
            let at = random.usize(..damaged.len());
            damaged[at] ^= random.u8(1..);
        }
        if round % 20 == 0 {
            damaged.truncate(random.usize(..damaged.len()));
        }
        for side in ["vault.db-wal", "vault.db-shm"] {
            let _ = std::fs::remove_file(folder.path().with_file_name(side));
        }
        std::fs::write(folder.path(), &damaged).unwrap();
        match folder.try_open(key_file()).await {
            Ok(Opened::Open(vault, contents)) => {
                let missing = who_is_lost(&names, &contents, round);
                lost += missing.len();
                vault.close();
                if !missing.is_empty() {
                    // Named at the next start as well.
                    let (vault, contents) = folder.open().await;
                    assert_eq!(who_is_lost(&names, &contents, round), missing, "round {round}, second start");
                    vault.close();
                }
            }
            // Loudly: another state than an empty vault.
            Ok(Opened::ChooseKey { .. }) => panic!("round {round}: a new vault is offered"),
            Ok(Opened::Locked { .. }) | Err(_) => refused += 1,
        }
    }
    assert!(lost + refused > 20, "the damage is real: {lost} lost, {refused} refused");
}

/// The users who are missing. Each is named by its id, or there is a record whose name is lost too to stand for it; nobody who
/// is there is named.
fn who_is_lost(names: &[String], contents: &Contents, round: i32) -> Vec<String> {
    let is_there = |name: &&String| contents.users.iter().any(|(key, _)| key.id.as_str() == name.as_str());
    let missing: Vec<_> = names.iter().filter(|name| !is_there(name)).cloned().collect();
    let is_named =
        |name: &String| contents.set_aside.iter().any(|lost| lost.record == RecordName::User(user(name)));
    let (named, unnamed): (Vec<_>, Vec<_>) = missing.iter().partition(|name| is_named(name));
    let nameless = contents.set_aside.len() - contents.set_aside.iter().filter(|lost| {
        matches!(&lost.record, RecordName::User(key) if names.iter().any(|name| name == key.id.as_str()))
    }).count();
    assert!(unnamed.len() <= nameless, "round {round}: {unnamed:?} of {:?}", contents.set_aside);
    for name in names.iter().filter(|name| is_named(name)) {
        assert!(named.contains(&name), "round {round}: {name} is there, and is said to be lost");
    }
    missing
}

/// Kind: a note of what should be there that is taken for one that was never made. A roll is a part of the vault from its
/// beginning, and of one of an older version from its first opening on.
#[tokio::test]
async fn a_vault_whose_roll_was_removed_whole_says_so() {
    for is_old in [false, true] {
        let folder = Folder::new();
        let (vault, _) = folder.open().await;
        vault.put(user("alice"), record()).done().await.unwrap();
        vault.close();
        let wipe = "DELETE FROM roll; DELETE FROM users; UPDATE state SET tally = x''";
        if is_old {
            let path = folder.path().with_extension("key");
            key::wrap_as_before_the_roll(&folder.database(), &path);
            folder.database().execute_batch("DELETE FROM roll; UPDATE state SET tally = x''").unwrap();
            let (vault, contents) = folder.open().await;
            assert_eq!((contents.users.len(), contents.set_aside.len()), (1, 0), "it had none yet");
            vault.close();
        }
        folder.database().execute_batch(wipe).unwrap();
        let (vault, contents) = folder.open().await;
        assert_eq!(contents.set_aside.len(), 1, "old: {is_old}");
        vault.close();
    }
}

#[tokio::test]
async fn what_was_in_clear_is_wiped_at_the_next_start_when_another_process_is_in_the_way() {
    let folder = Folder::new();
    let (vault, _) = folder.open().await;
    vault.set_current(AppAlias::new("shop"), Some(UserId::new("alice"))).done().await.unwrap();
    vault.close();
    let due =
        || -> i64 { folder.database().pragma_query_value(None, "application_id", |row| row.get(0)).unwrap() };
    folder.database().execute("UPDATE apps SET sealed = NULL, current = 'alice'", []).unwrap();
    let reader = folder.database();
    reader.execute_batch("BEGIN; SELECT * FROM apps").unwrap();
    folder.open().await.0.close();
    assert_eq!(due(), 1, "a reader kept the log from its end");
    reader.execute_batch("COMMIT").unwrap();
    folder.open().await.0.close();
    assert_eq!(due(), 0);
}

#[tokio::test]
async fn what_is_lost_is_named_until_it_is_forgotten() {
    let folder = Folder::new();
    let (vault, _) = folder.open().await;
    for name in ["alice", "bob"] {
        vault.put(user(name), record()).done().await.unwrap();
    }
    vault.close();
    // Not damaged: gone.
    folder.database().execute("DELETE FROM users WHERE user = 'bob'", []).unwrap();
    for _ in 0..2 {
        let (vault, contents) = folder.open().await;
        assert_eq!(contents.set_aside.len(), 1);
        assert_eq!(contents.set_aside[0].record, RecordName::User(user("bob")));
        vault.close();
    }
    let (vault, _) = folder.open().await;
    vault.forget_lost(vec![RecordName::User(user("bob"))]).done().await.unwrap();
    vault.close();
    assert!(folder.open().await.1.set_aside.is_empty());
}

/// Kind: a file that shrank to nothing, taken for one that never was.
#[tokio::test]
async fn a_vault_that_became_empty_or_went_away_is_an_error() {
    for how in ["empty", "gone"] {
        let folder = Folder::new();
        let (vault, _) = folder.open().await;
        vault.put(user("alice"), record()).done().await.unwrap();
        vault.close();
        match how {
            "empty" => std::fs::write(folder.path(), "").unwrap(),
            _ => std::fs::remove_file(folder.path()).unwrap(),
        }
        let error = folder.try_open(key_file()).await.unwrap_err();
        assert!(matches!(&error, VaultError::Vanished { how: said, .. } if *said == how), "{how}: {error}");
        assert!(!folder.path().exists() || std::fs::metadata(folder.path()).unwrap().len() == 0);
    }
}

/// Addresses may have secrets in them: rows of Apps are sealed like users, those of older vaults too.
#[tokio::test]
async fn nothing_of_an_app_is_on_disk_in_plain_text() {
    let folder = Folder::new();
    let (vault, _) = folder.open().await;
    let old = r#"{"alias":"shop","base_url":"http://ada:hidden-word@shop.example.com/","client_app_id":"shop-abcde",
        "custom_data":{"service":"mongodb-atlas","database":"d","collection":"c","user_id_field":"user_id"}}"#;
    vault.set_current(AppAlias::new("shop"), Some(UserId::new("alice"))).done().await.unwrap();
    vault.close();
    folder.database().execute("UPDATE apps SET sealed = NULL, kept = ?1, current = 'alice'", [old]).unwrap();
    let (vault, contents) = folder.open().await;
    let shop = contents.apps[0].1.app.clone().expect("nothing is lost");
    assert_eq!(shop.base_url.as_str(), "http://shop.example.com/");
    assert_eq!(contents.apps[0].1.current, Some(UserId::new("alice")));
    vault.close();
    for file in files(&folder).0 {
        let bytes = std::fs::read(&file).unwrap();
        let has = |word: &str| bytes.windows(word.len()).any(|at| at == word.as_bytes());
        assert!(!has("hidden-word") && !has("shop.example.com"), "{}", file.display());
    }
}
