//! The words of a mail, and the link in it.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::local_app::app_id::AppId;
use crate::local_app::config;
use crate::local_app::store::{NewMail, Purpose};

/// A mail with a link, which proves that whoever opens it reads the mail of that address.
pub struct Letter {
    pub purpose: Purpose,
    pub email: String,
    pub subject: String,
    pub link: SecretString,
    pub text: SecretString,
    pub token: SecretString,
    pub token_id: String,
    /// The mail server that is to take it; `None`: it stays in the mailbox.
    pub via: Option<config::Smtp>,
}

impl Letter {
    /// Writes the mail. A subject that the configuration leaves empty is given one.
    pub fn new(
        purpose: Purpose,
        template: &config::Mail,
        app: &AppId,
        email: &str,
        (token_id, token): (&str, &SecretString),
    ) -> Self {
        let link = link(&template.url, token_id, token);
        let (subject, ask, otherwise) = match purpose {
            Purpose::Confirm => (
                "Confirm your email address",
                format!(
                    "Somebody registered {email} with the app {app}. If it was you, confirm the address:"
                ),
                "If it was not you, leave the link alone; nobody can log in with your address then.",
            ),
            Purpose::Reset => (
                "Reset your password",
                format!(
                    "Somebody forgot the password of {email} at the app {app}. If it was you, choose a new one:"
                ),
                "If it was not you, leave the link alone; your password stays as it is.",
            ),
        };
        let subject = if template.subject.trim().is_empty() { subject } else { &template.subject };
        let text = format!(
            "{ask}\n\n{}\n\nThe link works once, within 30 minutes.\n{otherwise}\n",
            link.expose_secret()
        );
        Self {
            purpose,
            email: email.to_owned(),
            subject: subject.to_owned(),
            link,
            text: SecretString::from(text),
            token: token.clone(),
            token_id: token_id.to_owned(),
            via: None,
        }
    }

    /// The same, for a mail server as well.
    pub fn via(self, smtp: Option<&config::Smtp>) -> Self {
        Self { via: smtp.cloned(), ..self }
    }

    /// The same as the mailbox keeps it.
    pub fn kept(&self, now: Timestamp) -> NewMail {
        NewMail {
            sent_at: now,
            purpose: self.purpose,
            email: self.email.clone(),
            subject: self.subject.clone(),
            link: self.link.clone(),
            token: self.token.clone(),
            token_id: self.token_id.clone(),
            delivery: if self.via.is_some() { super::SENDING } else { super::MAILBOX },
        }
    }
}

/// The configured address with `token` and `tokenId` added to its query (section 3.3).
fn link(address: &str, token_id: &str, token: &SecretString) -> SecretString {
    let token = token.expose_secret();
    let link = match Url::parse(address) {
        Ok(mut url) => {
            url.query_pairs_mut().append_pair("token", token).append_pair("tokenId", token_id);
            String::from(url)
        }
        // Not an address that a browser opens by itself, which is for whoever configured it to know.
        Err(_) => {
            let joint = if address.contains('?') { '&' } else { '?' };
            format!("{address}{joint}token={token}&tokenId={token_id}")
        }
    };
    SecretString::from(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_keeps_what_its_address_has() {
        for (address, expected) in [
            ("http://localhost/confirm", "http://localhost/confirm?token=ab&tokenId=12"),
            ("https://shop.example.com", "https://shop.example.com/?token=ab&tokenId=12"),
            (
                "https://shop.example.com/?lang=de#/reset",
                "https://shop.example.com/?lang=de&token=ab&tokenId=12#/reset",
            ),
            ("shop://confirm?a=b", "shop://confirm?a=b&token=ab&tokenId=12"),
            ("confirm", "confirm?token=ab&tokenId=12"),
            ("/confirm?a=b", "/confirm?a=b&token=ab&tokenId=12"),
        ] {
            let link = link(address, "12", &SecretString::from("ab"));
            assert_eq!(link.expose_secret(), expected, "{address}");
        }
    }

    #[test]
    fn a_letter_names_the_app_and_its_subject_is_never_empty() {
        let template =
            |subject: &str| config::Mail { url: "http://localhost/a".into(), subject: subject.into() };
        let app: AppId = "shop-abcde".parse().unwrap();
        for (purpose, subject, expected) in [
            (Purpose::Confirm, "Welcome", "Welcome"),
            (Purpose::Confirm, " ", "Confirm your email address"),
            (Purpose::Reset, "", "Reset your password"),
        ] {
            let token = SecretString::from("ab");
            let letter = Letter::new(purpose, &template(subject), &app, "a@example.com", ("12", &token));
            assert_eq!(letter.subject, expected);
            let text = letter.text.expose_secret();
            for part in
                ["shop-abcde", "a@example.com", "http://localhost/a?token=ab&tokenId=12", "30 minutes"]
            {
                assert!(text.contains(part), "{text}");
            }
        }
    }
}
