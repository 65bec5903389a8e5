//! E-mail/password accounts without a session (section 3.3).

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{AppServices, verdict};
use crate::account::{EmailAction, MailToken, Provider};
use crate::backend::{Answer, BackendError, Registration};
use crate::data::ejson;

impl AppServices {
    async fn userpass(&self, action: &[&str], body: &Value) -> Result<(), BackendError> {
        let provider = Provider::EmailPassword;
        let mut path = vec!["app", &*self.client_app_id, "auth", "providers", provider.wire_name()];
        path.extend(action);
        self.call(Method::POST, &path, None, Some(body)).await.map(drop)
    }
}

impl Registration for AppServices {
    fn register<'a>(&'a self, email: &'a str, password: &'a SecretString) -> Answer<'a, ()> {
        Box::pin(async move {
            let body = json!({ "email": email, "password": password.expose_secret() });
            self.userpass(&["register"], &body).await
        })
    }

    fn email_action<'a>(&'a self, action: &'a EmailAction) -> Answer<'a, ()> {
        Box::pin(async move {
            let (action, body) = request(action);
            self.userpass(action, &body).await
        })
    }

    /// The password is the one that was just set: what is missing is the confirmation.
    fn is_unconfirmed(&self, error: &BackendError) -> bool {
        verdict::has_code(error, "AuthError")
    }

    fn is_taken(&self, error: &BackendError) -> bool {
        verdict::has_code(error, "AccountNameInUse")
    }
}

/// The path below the provider, and the body.
fn request(action: &EmailAction) -> (&'static [&'static str], Value) {
    match action {
        EmailAction::Confirm(MailToken { token, id }) => {
            (&["confirm"], json!({ "token": token.expose_secret(), "tokenId": id }))
        }
        EmailAction::ResendConfirmation { email } => (&["confirm", "send"], json!({ "email": email })),
        EmailAction::RerunConfirmation { email } => (&["confirm", "call"], json!({ "email": email })),
        EmailAction::SendReset { email } => (&["reset", "send"], json!({ "email": email })),
        EmailAction::Reset { token: MailToken { token, id }, password } => (
            &["reset"],
            json!({
                "token": token.expose_secret(),
                "tokenId": id,
                "password": password.expose_secret(),
            }),
        ),
        EmailAction::CallReset { email, password, arguments } => {
            let arguments: Vec<Value> = arguments.0.iter().map(ejson::canonical).collect();
            let body = json!({
                "email": email,
                "password": password.expose_secret(),
                "arguments": arguments,
            });
            (&["reset", "call"], body)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::ResetArguments;
    use bson::Bson;

    #[test]
    fn each_action_has_its_path_and_body() {
        let token = MailToken { token: "t".into(), id: "65a1".into() };
        let email = "ada@example.com".to_owned();
        let arguments = ResetArguments(vec![Bson::Int32(1), "x".into()]);
        for (action, path, body) in [
            (EmailAction::Confirm(token.clone()), "confirm", json!({ "token": "t", "tokenId": "65a1" })),
            (
                EmailAction::ResendConfirmation { email: email.clone() },
                "confirm/send",
                json!({ "email": email }),
            ),
            (
                EmailAction::RerunConfirmation { email: email.clone() },
                "confirm/call",
                json!({ "email": email }),
            ),
            (EmailAction::SendReset { email: email.clone() }, "reset/send", json!({ "email": email })),
            (
                EmailAction::Reset { token, password: "secret1".into() },
                "reset",
                json!({ "token": "t", "tokenId": "65a1", "password": "secret1" }),
            ),
            (
                EmailAction::CallReset { email: email.clone(), password: "secret1".into(), arguments },
                "reset/call",
                json!({ "email": email, "password": "secret1", "arguments": [{ "$numberInt": "1" }, "x"] }),
            ),
        ] {
            let (segments, sent) = request(&action);
            assert_eq!((segments.join("/").as_str(), sent), (path, body));
        }
    }
}
