//! What goes wrong is said, and nothing is lost.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use super::{ENTER, SMALL, TAB, Terminal, at_app, at_home, close, first_run, register};

/// `idmux serve` as a process of its own.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_idmux"))
            .args(["serve", "--listen", "127.0.0.1:0", "--app-id", "shop-abcde", "--ephemeral"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
            .unwrap();
        let url = line.split_whitespace().nth(2).unwrap().to_owned();
        Self { child, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Fills the first run's dialog as a log-in with an account that is said to exist.
fn try_to_log_in(idmux: &mut Terminal, email: &str, password: &str) {
    idmux.send("l");
    idmux.wait_for("E-mail");
    idmux.fill(email);
    idmux.send(TAB);
    idmux.send(password);
    idmux.send(ENTER);
}

#[test]
fn a_server_that_is_not_there() {
    let home = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut idmux = at_app(home.path(), &format!("http://{free}"), SMALL);
    idmux.wait_for("Nobody is logged in yet");
    close(&mut idmux, "E-mail");
    try_to_log_in(&mut idmux, "ada@example.com", "secret1");
    let screen = idmux.wait_for("cannot reach");
    assert!(screen.contains(&free.to_string()), "{screen}");
    assert!(screen.contains("ada@example.com"), "what was typed is still there\n{screen}");
    idmux.leave();
}

#[test]
fn a_wrong_password_and_then_the_right_one() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(&[]);
    let mut idmux = at_app(home.path(), &server.url, SMALL);
    idmux.wait_for("Nobody is logged in yet");
    close(&mut idmux, "E-mail");
    register(&mut idmux, "ada@example.com");
    try_to_log_in(&mut idmux, "ada@example.com", "wrong-1");
    idmux.wait_for("wrong e-mail or password");
    // The dialog is still there with the address; the password is typed anew.
    idmux.send("secret1");
    idmux.send(ENTER);
    idmux.wait_for("ada@example.com: logged in again");
    idmux.quit();
}

#[test]
fn a_server_that_speaks_something_else() {
    let home = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream = stream;
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
            let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
            let _ = std::io::Write::write_all(&mut stream, page.as_bytes());
        }
    });
    let mut idmux = at_app(home.path(), &url, SMALL);
    idmux.wait_for("Nobody is logged in yet");
    close(&mut idmux, "E-mail");
    try_to_log_in(&mut idmux, "ada@example.com", "secret1");
    idmux.wait_for("status 200 without JSON");
    idmux.leave();
}

#[test]
fn a_refresh_token_that_expires_before_ones_eyes() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(&["--access-token-ttl", "2s", "--refresh-token-ttl", "4s"]);
    let mut idmux = at_app(home.path(), &server.url, SMALL);
    idmux.wait_for("Nobody is logged in yet");
    close(&mut idmux, "E-mail");
    register(&mut idmux, "ada@example.com");
    idmux.wait_for("LOG IN AGAIN");
    let screen = idmux.wait_for("refresh token expired");
    assert!(screen.contains("ada@example.com"), "{screen}");
    idmux.leave();
}

#[test]
fn a_damaged_vault_record_is_named_and_all_others_live() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = first_run(home.path());
    register(&mut idmux, "ada@example.com");
    register(&mut idmux, "bob@example.com");
    idmux.quit();
    let vault = rusqlite::Connection::open(home.path().join("vault.db")).unwrap();
    let first: String =
        vault.query_row("SELECT user FROM users ORDER BY position LIMIT 1", [], |row| row.get(0)).unwrap();
    vault.execute("UPDATE users SET sealed = x'00' WHERE user = ?1", [&first]).unwrap();
    drop(vault);

    let idmux = at_home(home.path(), SMALL);
    let screen = idmux.wait_for("bob@example.com");
    assert!(!screen.contains("ada@example.com"), "{screen}");
    let tail = &first[first.len() - 6..];
    idmux.wait_until("the damaged record's name", |screen| {
        screen.contains("set aside") && screen.contains(tail)
    });
}
