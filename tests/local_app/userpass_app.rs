//! An App with email/password as a test wants it, and its mailbox.

use idmux::local_app::Storage;
use idmux::local_app::config::{
    AppConfig, Confirmation, Function, LocalUserpass, Mail, Offer, PasswordReset, Providers, Settings, Smtp,
};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::{Reply, Server};

pub const PROVIDER: &str = "/auth/providers/local-userpass";

/// A mail that leads to this page of the shop.
pub fn mail(page: &str) -> Mail {
    Mail { url: format!("https://shop.example.com/{page}?lang=en"), subject: format!("The shop: {page}") }
}

pub fn by_mail() -> LocalUserpass {
    LocalUserpass {
        confirmation: Confirmation::Mail(mail("confirm")),
        reset: PasswordReset::Mail(mail("reset")),
    }
}

/// Confirmation and reset by functions `confirm` and `reset`.
pub fn by_function() -> LocalUserpass {
    LocalUserpass {
        confirmation: Confirmation::Function("confirm".to_owned()),
        reset: PasswordReset::Function("reset".to_owned()),
    }
}

pub fn config(userpass: Offer<LocalUserpass>, functions: &[(&str, &str)]) -> AppConfig {
    AppConfig {
        providers: Providers { local_userpass: userpass, ..Providers::default() },
        functions: functions
            .iter()
            .map(|(name, source)| (name.to_string(), Function::new(*source)))
            .collect(),
        ..AppConfig::default()
    }
}

pub fn with_smtp(userpass: LocalUserpass, url: &str) -> AppConfig {
    let smtp = Smtp { url: SecretString::from(url), from: "The shop <shop@example.com>".to_owned() };
    let settings = Settings { smtp: Some(smtp), ..Settings::default() };
    AppConfig { settings, ..config(Offer::Enabled(userpass), &[]) }
}

pub async fn start(userpass: LocalUserpass) -> Server {
    start_with(config(Offer::Enabled(userpass), &[]), Storage::Memory).await
}

pub async fn start_with(config: AppConfig, storage: Storage) -> Server {
    Server::start_options(|options| (options.config, options.storage) = (config, storage)).await
}

pub async fn action(server: &Server, action: &str, body: &Value) -> Reply {
    server.post(&format!("{PROVIDER}/{action}"), body).await
}

/// The mails to `email`, newest first.
pub async fn mails(server: &Server, email: &str) -> Vec<Value> {
    let reply = server.control(Method::GET, &format!("/mails?email={email}"), Value::Null).await;
    reply.ok(200).as_array().unwrap().clone()
}

/// What the newest mail to `email` proves: the body of `confirm`, and most of that of `reset`.
pub async fn proof(server: &Server, email: &str) -> Value {
    let mails = mails(server, email).await;
    let mail = mails.first().unwrap_or_else(|| panic!("no mail to {email}"));
    json!({ "token": mail["token"], "tokenId": mail["token_id"] })
}

/// The body of `reset` with that proof.
pub fn new_password(proof: &Value, password: &str) -> Value {
    let mut body = proof.clone();
    body["password"] = json!(password);
    body
}
