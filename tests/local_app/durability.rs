//! What is on disk: it survives a restart, is shared by processes, and is nobody else's to read.

use std::path::Path;

use idmux::local_app::{ANY_PORT, Lifetimes, LocalApp, LocalAppError, Options, Storage};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::support::{APP, PASSWORD, Server, User, claims};

#[tokio::test]
async fn users_sessions_and_documents_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path()).await;
    let (user, anonymous, ended) =
        (server.user("a@example.com").await, server.anonymous().await, server.anonymous().await);
    server.register("pending@example.com", PASSWORD).await.done(201);
    server.log_out(&ended.refresh).await.empty(204);
    let document = json!({ "document": { "user_id": user.id, "theme": "dark" } });
    server.custom_data(&user.access, "insertOne", document).await.ok(200);
    let profile = server.profile(&user.access).await.ok(200);
    server.app.stop().await.unwrap();

    let server = Server::start_in(folder.path()).await;
    assert_eq!(server.profile(&user.access).await.ok(200), profile);
    server.profile(&anonymous.access).await.ok(200);
    let renewed = server.refresh(&user.refresh).await.ok(201);
    assert_eq!(claims(renewed["access_token"].as_str().unwrap())["user_data"]["theme"], "dark");
    server.refresh(&ended.refresh).await.refused(401, Some("InvalidSession"), "failed to find refresh token");
    assert_eq!(User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200)).id, user.id);
    server.log_in("pending@example.com", PASSWORD).await.ok(200);
    server.register("a@example.com", PASSWORD).await.refused(409, Some("AccountNameInUse"), "in use");
}

#[tokio::test]
async fn sessions_keep_their_own_lifetimes_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path()).await;
    let short =
        Lifetimes { access: std::time::Duration::from_secs(20), refresh: std::time::Duration::from_secs(90) };
    server.app.open_sessions_with(Some(short));
    let user = server.anonymous().await;
    server.app.stop().await.unwrap();

    let server = Server::start_in(folder.path()).await;
    let renewed = server.refresh(&user.refresh).await.ok(201);
    let claims = claims(renewed["access_token"].as_str().unwrap());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 20);
}

#[tokio::test]
async fn two_servers_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    // Both make the same new database.
    let (one, two) = tokio::join!(Server::start_in(folder.path()), Server::start_in(folder.path()));
    let user = one.user("a@example.com").await;
    assert_eq!(two.profile(&user.access).await.ok(200)["user_id"], user.id.as_str());
    assert_eq!(User::of(&two.log_in("a@example.com", PASSWORD).await.ok(200)).id, user.id);
    two.register("a@example.com", PASSWORD).await.refused(409, Some("AccountNameInUse"), "in use");

    let document = json!({ "document": { "user_id": user.id, "n": 1 } });
    two.custom_data(&user.access, "insertOne", document).await.ok(200);
    let renewed = one.refresh(&user.refresh).await.ok(201);
    assert_eq!(claims(renewed["access_token"].as_str().unwrap())["user_data"]["n"], 1);

    // Writers wait for each other.
    let logins = (0..40).map(|i| if i % 2 == 0 { one.anonymous() } else { two.anonymous() });
    let users = futures_util::future::join_all(logins).await;
    for user in &users {
        one.profile(&user.access).await.ok(200);
        two.profile(&user.access).await.ok(200);
    }

    two.log_out(&user.refresh).await.empty(204);
    one.refresh(&user.refresh).await.refused(401, Some("InvalidSession"), "failed to find refresh token");
    two.delete(&user.access).await.empty(204);
    one.profile(&user.access).await.refused(401, Some("InvalidSession"), "invalid session");
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_data() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("made").join("by idmux");
    let server = Server::start_in(&folder).await;
    server.user("a@example.com").await;
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let names: Vec<_> = files.iter().filter_map(|path| path.extension()?.to_str()).collect();
    assert!(names.contains(&"db") && names.contains(&"db-wal") && names.contains(&"db-shm"), "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn no_password_and_no_token_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path()).await;
    let user = server.user("a@example.com").await;
    server.log_in("a@example.com", "a wrong password").await.refused(401, Some("InvalidPassword"), "");
    let contains = |needle: &str| {
        std::fs::read_dir(folder.path()).unwrap().any(|entry| {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
        })
    };
    assert!(contains("a@example.com") && contains("$argon2id$v=19$m=19456,t=2,p=1$"));
    for secret in [PASSWORD, "a wrong password", &user.access, &user.refresh] {
        assert!(!contains(secret), "{secret}");
    }
}

async fn start_error(app_id: &str, storage: Storage) -> LocalAppError {
    LocalApp::start(ANY_PORT, Options::new(app_id, storage)).await.unwrap_err()
}

#[tokio::test]
async fn a_start_that_cannot_be_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    std::fs::write(&file, "").unwrap();
    let error = start_error("nonsense", Storage::Memory).await;
    assert!(matches!(error, LocalAppError::AppId(_)), "{error}");
    let error = start_error(APP, Storage::Folder(file.join("below"))).await;
    assert!(error.to_string().contains("a file"), "{error}");

    std::fs::write(folder.path().join("shop-abcde.db"), "no database".repeat(1000)).unwrap();
    let error = start_error(APP, Storage::Folder(folder.path().to_owned())).await;
    assert!(error.to_string().contains("shop-abcde.db"), "{error}");
    // The file is as it was, for whoever knows what it is.
    assert_eq!(
        std::fs::read_to_string(folder.path().join("shop-abcde.db")).unwrap(),
        "no database".repeat(1000)
    );

    let server = Server::start_in(&folder.path().join("data")).await;
    server.app.stop().await.unwrap();
    let (theirs, ours) = (folder.path().join("data/shop-abcde.db"), folder.path().join("data/bank-abcde.db"));
    std::fs::copy(theirs, ours).unwrap();
    let error = start_error("bank-abcde", Storage::Folder(folder.path().join("data"))).await;
    assert!(error.to_string().contains("'bank-abcde' belongs to the app 'shop-abcde'"), "{error}");

    let everywhere = "0.0.0.0:0".parse().unwrap();
    let error = LocalApp::start(everywhere, Options::new(APP, Storage::Memory)).await.unwrap_err();
    assert!(matches!(error, LocalAppError::NotLoopback(_)), "{error}");

    let server = Server::start().await;
    let address = server.base.strip_prefix("http://").unwrap().parse().unwrap();
    let error = LocalApp::start(address, Options::new(APP, Storage::Memory)).await.unwrap_err();
    assert!(error.to_string().contains("choose another port"), "{error}");
}

#[tokio::test]
async fn stopping_ends_connections_that_never_finish_their_request() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path()).await;
    let address = server.base.strip_prefix("http://").unwrap().to_owned();
    let mut stuck = tokio::net::TcpStream::connect(&address).await.unwrap();
    stuck.write_all(b"POST /api/client/v2.0/app/shop-abcde/auth/").await.unwrap();
    server.anonymous().await;
    let client = server.client.clone();
    let stopped = tokio::time::timeout(std::time::Duration::from_secs(20), server.app.stop()).await;
    stopped.expect("it stops").unwrap();

    let mut rest = Vec::new();
    let end = tokio::io::AsyncReadExt::read_to_end(&mut stuck, &mut rest);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), end).await;
    assert!(ended.is_ok(), "the connection is still open");
    assert!(client.try_send(client.request(reqwest::Method::GET, "/")).await.is_err());
    // The database is closed: nothing but the one file is left.
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["shop-abcde.db", "shop-abcde.made"]);
}

#[tokio::test]
async fn memory_keeps_nothing() {
    let server = Server::start().await;
    server.user("a@example.com").await;
    server.app.stop().await.unwrap();
    let server = Server::start().await;
    server.log_in("a@example.com", PASSWORD).await.refused(401, Some("InvalidPassword"), "unauthorized");
}

/// Kind: losses that nobody hears of. A database that became empty is no new App, and a damaged one is named.
#[tokio::test]
async fn a_database_that_became_empty_or_is_damaged_is_an_error_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path()).await;
    let user = server.user("a@example.com").await;
    server.app.stop().await.unwrap();
    let file = folder.path().join(format!("{APP}.db"));
    let sound = std::fs::read(&file).unwrap();
    let start = async || {
        let options = Options::new(APP, Storage::Folder(folder.path().to_owned()));
        LocalApp::start(ANY_PORT, options).await.map(drop).map_err(|error| error.to_string())
    };
    let without_tables = {
        let path = folder.path().join("other");
        rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a); DROP TABLE t").unwrap();
        std::fs::read(path).unwrap()
    };
    let mut damaged = sound.clone();
    damaged[4096..].fill(0x5a);
    for (what, bytes, says) in [
        ("empty", Vec::new(), "is empty"),
        ("without tables", without_tables, "is a database without tables"),
        ("half", sound[..sound.len() / 2].to_vec(), "is damaged"),
        ("overwritten", damaged, "is damaged"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let error = start().await.expect_err(what);
        assert!(error.contains(says) && error.contains("shop-abcde.db"), "{what}: {error}");
    }
    std::fs::write(&file, sound).unwrap();
    let server = Server::start_in(folder.path()).await;
    server.refresh(&user.refresh).await.ok(201);
}
