//! Five people come in by five doors, and are there side by side.

use idmux::local_app::config::{AppConfig, CustomFunction, CustomToken, Function, Offer};
use idmux::local_app::config::{TokenAlgorithm, TokenKeys};
use idmux::local_app::{ANY_PORT, LocalApp, Options, Storage};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use super::restless::{Person, lasting, twice};
use super::{ENTER, LARGE, TAB, Terminal, at_app, choose_method, close, register};

const SECRET: &str = "a-shared-secret_of-more-than-32-letters";

/// An App with the five.
fn app(runtime: &tokio::runtime::Runtime) -> LocalApp {
    let mut config = AppConfig::default();
    config.providers.custom_token = Offer::Enabled(CustomToken {
        audience: Vec::new(),
        require_any_audience: false,
        algorithm: TokenAlgorithm::Hs256,
        keys: TokenKeys::Given(vec![SECRET.into()]),
        metadata_fields: Vec::new(),
    });
    let whoever = Function::new("exports = ({ who }) => ({ id: who, name: who })");
    config.functions.insert("authenticate".to_owned(), whoever);
    config.providers.custom_function = Offer::Enabled(CustomFunction { function: "authenticate".to_owned() });
    let options = Options { config, ..Options::new("shop-abcde", Storage::Memory) };
    runtime.block_on(LocalApp::start(ANY_PORT, options)).unwrap()
}

/// A token of the App's own issuer.
fn jwt() -> String {
    let claims = json!({ "sub": "carl", "aud": "shop-abcde", "exp": 4_102_444_800_u64 });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

/// As a terminal sends what is pasted.
fn paste(idmux: &mut Terminal, text: &str) {
    idmux.send(&format!("\u{1b}[200~{text}\u{1b}[201~"));
}

/// Opens the log-in dialog at a method.
fn log_in_by(idmux: &mut Terminal, method: &str) {
    idmux.send("l");
    idmux.wait_for("Log in to shop-abcde");
    choose_method(idmux, method);
}

/// Submits, and waits until the dialog is gone and `user` is in the list, selected.
fn enter(idmux: &mut Terminal, user: &str) {
    idmux.send(ENTER);
    idmux.wait_until(&format!("{user} is there"), |screen| {
        let selected = |line: &str| line.contains('▸') && line.contains(user) && line.contains("active");
        !screen.contains("Log in to shop-abcde") && screen.lines().any(selected)
    });
}

/// The rows of the list, each with the words of its user.
const ROWS: [[&str; 2]; 5] = [
    ["ada@example.com", "email"],
    ["bob@example.com", "email+api key"],
    ["anonymous …", "anonymous"],
    ["jwt …", "jwt"],
    ["dora", "function"],
];

fn all_five(screen: &str) -> bool {
    let row = |words: &[&str; 2]| {
        let is_row = |line: &str| words.iter().all(|word| line.contains(word)) && line.contains("active");
        screen.lines().any(is_row)
    };
    screen.contains("5 users") && ROWS.iter().all(row)
}

fn journey(person: Person) -> String {
    let home = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = app(&runtime);
    let mut idmux = at_app(home.path(), app.base_url().as_str(), LARGE);
    idmux.wait_for("Nobody is logged in yet");

    // E-mail and password, registered in the dialog of the first run.
    idmux.fill("ada@exam");
    person.stirs(&idmux, LARGE, "ada@exam");
    idmux.fill("ple.com");
    idmux.send(TAB);
    idmux.send("secret1");
    person.stirs(&idmux, LARGE, "•••••••");
    idmux.send(ENTER);
    idmux.wait_for("ada@example.com: logged in");

    // An API key that idmux makes for bob, and bob comes in with it.
    register(&mut idmux, "bob@example.com");
    idmux.send("K");
    idmux.wait_for("No API keys");
    idmux.send("n");
    idmux.wait_for("Name");
    idmux.fill("laptop");
    person.stirs(&idmux, LARGE, "laptop");
    idmux.send(ENTER);
    let screen = idmux.wait_for("y copies it");
    let is_key = |word: &&str| word.len() == 64 && word.chars().all(|c| c.is_ascii_alphanumeric());
    let key = screen.split_whitespace().find(is_key).expect("the key is on the screen").to_owned();
    person.stirs(&idmux, LARGE, &key);
    close(&mut idmux, "y copies it");
    close(&mut idmux, "API keys of");
    log_in_by(&mut idmux, "API key");
    paste(&mut idmux, &key);
    person.stirs(&idmux, LARGE, "API key  •");
    idmux.send(ENTER);
    idmux.wait_for("bob@example.com: logged in again");
    idmux.wait_until("the identity of the key", |screen| {
        screen.contains("2 api key") && !screen.contains("Log in to shop-abcde")
    });

    log_in_by(&mut idmux, "Anonymous");
    person.stirs(&idmux, LARGE, "‹ Anonymous ›");
    enter(&mut idmux, "anonymous …");

    log_in_by(&mut idmux, "JWT of another issuer");
    paste(&mut idmux, &jwt());
    person.stirs(&idmux, LARGE, "JWT     •");
    enter(&mut idmux, "jwt …");

    log_in_by(&mut idmux, "The App's own function");
    idmux.send("{\"who\": \"dora\"}");
    idmux.wait_for("an object of 1 field");
    person.stirs(&idmux, LARGE, "an object of 1 field");
    enter(&mut idmux, "dora");
    let screen = idmux.wait_until("five users", all_five);
    assert!(!screen.contains(&key), "{screen}");

    // Each of them is made the current one in turn; the first stays it.
    idmux.send("G");
    for row in ROWS.iter().rev() {
        idmux.send("s");
        idmux.wait_until(&format!("{} is the current user", row[0]), |screen| {
            screen.lines().any(|line| line.contains("▸*") && line.contains(row[0]))
                && screen.contains("is the current user")
        });
        idmux.send("k");
    }
    idmux.quit();

    // All are there after a restart, and the current one is the current one.
    let mut idmux = at_app(home.path(), app.base_url().as_str(), LARGE);
    idmux.wait_until("the five", all_five);
    idmux.send("G");
    idmux.wait_until("the last", |screen| screen.contains("▸  ● dora"));
    for _ in 1..ROWS.len() {
        idmux.send("k");
    }
    let at_last = |screen: &str| screen.contains("▸* ● ada@example.com") && screen.contains("✓ logged in");
    let screen = idmux.wait_until("the first", |screen| all_five(screen) && at_last(screen));
    idmux.quit();
    runtime.block_on(app.stop()).unwrap();
    // What the line of the day says last is a matter of chance.
    lasting(&screen.lines().take(40).map(|line| format!("{line}\n")).collect::<String>())
}

#[test]
fn five_users_by_five_providers_side_by_side() {
    twice(journey);
}
