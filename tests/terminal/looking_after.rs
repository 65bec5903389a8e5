//! A local App that somebody looks after: its mailbox, its clock, its users' API keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idmux::local_app::config::{
    AppConfig, Confirmation, LocalUserpass, Mail, Offer, PasswordReset, Providers,
};
use idmux::local_app::{ANY_PORT, LocalApp, Options, Storage};
use secrecy::ExposeSecret;

use super::{ENTER, ESCAPE, LARGE, SMALL, TAB, Terminal, close, first_run, register};

/// An App that confirms addresses and resets passwords by mail, in a runtime of its own.
fn app_with_mail(runtime: &tokio::runtime::Runtime) -> LocalApp {
    let mail =
        |page: &str| Mail { url: format!("http://localhost/{page}"), subject: format!("Please {page}") };
    let userpass = LocalUserpass {
        confirmation: Confirmation::Mail(mail("confirm")),
        reset: PasswordReset::Mail(mail("reset")),
    };
    let providers = Providers { local_userpass: Offer::Enabled(userpass), ..Providers::default() };
    let config = AppConfig { providers, ..AppConfig::default() };
    let options = Options { config, ..Options::new("shop-abcde", Storage::Memory) };
    runtime.block_on(LocalApp::start(ANY_PORT, options)).unwrap()
}

#[test]
fn a_registration_is_confirmed_in_the_mailbox_and_a_password_reset_there() {
    let home = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = app_with_mail(&runtime);
    let key = home.path().join("test.key");
    let variables = [
        ("IDMUX_KEY_FILE", key.to_str().unwrap()),
        ("IDMUX_CONTROL_TOKEN", app.control_token().expose_secret()),
    ];
    let args = ["--url", app.base_url().as_str(), "--app-id", "shop-abcde"];
    let mut idmux = Terminal::idmux_with(home.path(), &args, SMALL, &variables);
    idmux.wait_for("Nobody is logged in yet");

    // The first run's dialog registers.
    idmux.fill("ada@example.com");
    idmux.send(TAB);
    idmux.send("secret1");
    idmux.send(ENTER);
    // The mailbox opens by itself: the mail there is what comes next.
    idmux.wait_for("registered; confirm it by its mail");
    idmux.wait_for("Please confirm");
    idmux.send("c");
    idmux.wait_for("ada@example.com is confirmed");
    idmux.wait_for("used");
    close(&mut idmux, "Please confirm");

    // Forgotten: another password by mail.
    idmux.send("P");
    idmux.wait_for("send a mail to set a password");
    idmux.send(TAB);
    idmux.fill("ada@example.com");
    idmux.send(ENTER);
    idmux.wait_for("is on its way");
    idmux.send("M");
    idmux.wait_for("Please reset");
    idmux.send(ENTER);
    idmux.wait_for("set a password by a mail's link");
    idmux.send("secret2");
    idmux.send(ENTER);
    idmux.wait_for("the password is set");
    close(&mut idmux, "Please reset");

    idmux.send("l");
    idmux.wait_for("E-mail");
    idmux.fill("ada@example.com");
    idmux.send(TAB);
    idmux.send("secret2");
    idmux.send(ENTER);
    idmux.wait_for("ada@example.com: logged in");
    idmux.quit();
    runtime.block_on(app.stop()).unwrap();
}

#[test]
fn sixty_one_days_pass_in_a_key_press() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = first_run(home.path());
    register(&mut idmux, "ada@example.com");
    register(&mut idmux, "bob@example.com");
    idmux.send("T");
    idmux.wait_for("the App's time");
    idmux.send("e");
    idmux.wait_for("+61d 0h");
    close(&mut idmux, "the App's time");
    idmux.wait_until("both have to log in again", |screen| screen.matches("LOG IN AGAIN").count() >= 2);
    idmux.wait_for("server clock +61d 0h");

    // Back to the present: a new session lives by it.
    idmux.send("T");
    idmux.wait_for("the App's time");
    idmux.send("r");
    idmux.wait_for("goes with its machine's");
    close(&mut idmux, "the App's time");
    idmux.send("l");
    idmux.wait_for("Password");
    idmux.send("secret1");
    idmux.send(ENTER);
    idmux.wait_for("logged in");
    idmux.wait_for("active");
    idmux.quit();
}

#[test]
fn an_api_key_is_made_copied_and_never_shown_again() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = first_run(home.path());
    idmux.resize(LARGE);
    register(&mut idmux, "ada@example.com");
    idmux.send("K");
    idmux.wait_for("No API keys");
    idmux.send("n");
    idmux.wait_for("Name");
    idmux.fill("ci-runner");
    idmux.send(ENTER);
    let screen = idmux.wait_for("shown this once");
    let is_key = |word: &&str| word.len() == 64 && word.chars().all(|c| c.is_ascii_alphanumeric());
    let secret = screen.split_whitespace().find(is_key).expect("the key is on the screen").to_owned();
    idmux.send("y");
    idmux.wait_for("copied");
    let sequence = format!("\u{1b}]52;c;{}", STANDARD.encode(&secret));
    let raw = String::from_utf8_lossy(&idmux.raw()).into_owned();
    assert!(raw.contains(&sequence), "OSC 52 carries the key");
    idmux.send(ESCAPE);
    idmux.wait_until("the key is gone", |screen| !screen.contains(&secret));
    idmux.wait_for("ci-runner");
    idmux.send("e");
    idmux.wait_for("disabled");
    idmux.send("d");
    idmux.wait_for("disabling it can");
    idmux.send("l");
    idmux.send(ENTER);
    idmux.wait_for("No API keys");
    idmux.leave();
    let log = std::fs::read_to_string(home.path().join("log").join("idmux.log")).unwrap_or_default();
    assert!(!log.contains(&secret), "the log has no secret");
}
