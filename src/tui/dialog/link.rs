//! What linking an identity changes, told before the credentials are sent.

use crate::account::{Provider, UserKey};
use crate::session::UserView;
use crate::tui::words::Tone;

/// The user that gets another identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The user.
    pub user: UserKey,
    /// What the user is called.
    pub label: String,
    /// The identities that the user has.
    identities: Vec<Provider>,
}

impl Linked {
    /// The user, as it stands.
    pub fn new(user: &UserView) -> Self {
        let identities = match user.identities() {
            [] => vec![user.provider.clone()],
            identities => identities.iter().map(|identity| identity.provider.clone()).collect(),
        };
        Self { user: user.key.clone(), label: user.label.clone(), identities }
    }

    /// Whether nobody can log in as this user again.
    pub fn is_anonymous(&self) -> bool {
        self.identities.iter().all(|provider| *provider == Provider::Anonymous)
    }

    /// What stands above the fields, where there is more to it than credentials.
    pub fn intro(&self) -> Option<&'static str> {
        self.is_anonymous().then_some(
            "Nobody can log in as an anonymous user again, and 90 days after its creation the App removes it. \
             Give it an identity to log in by.",
        )
    }

    /// What will happen, line by line, with an identity of `provider` added: how it stands, and the words. With
    /// `register`, the e-mail account is made first.
    pub fn preview(&self, provider: &Provider, email: &str, register: bool) -> Vec<(Tone, String)> {
        let mut lines = Vec::new();
        if register {
            lines.push((Tone::Good, format!("+ the account {email} is registered")));
        }
        let identity = match provider {
            Provider::EmailPassword => format!("the identity {email}"),
            other => format!("an identity of the provider {}", other.short_name()),
        };
        lines.push((Tone::Good, format!("+ {} gets {identity}", self.label)));
        lines.push((Tone::Good, "+ whoever logs in by it, anywhere, is this user".into()));
        if self.is_anonymous() {
            lines.push((Tone::Good, "+ the user is permanent: no longer removed after 90 days".into()));
        }
        let present: Vec<_> = self.identities.iter().map(Provider::short_name).collect();
        lines.push((Tone::Plain, format!("= the id stays: {}", self.user.id)));
        lines.push((Tone::Plain, format!("= identities that stay: {}", present.join(", "))));
        lines.push((Tone::Plain, "= custom data and session stay; the access token is a new one".into()));
        lines.push((Tone::Warn, "! there is no unlinking: an identity leaves with its user only".into()));
        if register {
            let words =
                "! if linking is refused, the account stays registered: do not log in by it, try again";
            lines.push((Tone::Warn, words.into()));
        }
        lines
    }
}
