//! Log in, register, link: one form with three entrances.

use super::Submission;
use crate::account::credentials::{RegistrationError, check_registration};
use crate::account::{AppAlias, Credentials, Provider, UserKey};
use crate::session::{Command, UserView};
use crate::tui::form::{Field, FieldName, Form};

/// What the credentials are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// To log a user in.
    LogIn,
    /// To create an account, and log it in.
    Register,
    /// To add an identity to a user.
    Link {
        /// The user.
        user: UserKey,
        /// What the user is called.
        label: String,
    },
}

/// The form.
#[derive(Debug)]
pub struct CredentialsForm {
    /// What it is for.
    pub purpose: Purpose,
    /// The App.
    pub app: AppAlias,
    /// A sentence above the fields.
    pub intro: Option<&'static str>,
    /// The fields.
    pub form: Form,
}

/// The methods to choose from, in the order of the choice.
const METHODS: [(Provider, &str); 2] =
    [(Provider::EmailPassword, "E-mail & password"), (Provider::Anonymous, "Anonymous")];

impl CredentialsForm {
    /// A form to log in with. For a user who was logged in by e-mail, the address is there already.
    pub fn log_in(app: AppAlias, again: Option<&UserView>) -> Self {
        let email = again
            .filter(|user| user.provider == Provider::EmailPassword && !user.state.is_logged_in())
            .and_then(|user| user.profile.as_ref()?.data.get("email")?.as_str())
            .unwrap_or_default();
        let mut form = Self::form(true, email, false);
        form.focus_on(if email.is_empty() { FieldName::Email } else { FieldName::Password });
        Self::new(Purpose::LogIn, app, form)
    }

    /// A form to register with.
    pub fn register(app: AppAlias) -> Self {
        Self::new(Purpose::Register, app, Self::form(false, "", true))
    }

    /// A form to add an e-mail identity with.
    pub fn link(user: &UserView) -> Self {
        let purpose = Purpose::Link { user: user.key.clone(), label: user.label.clone() };
        Self::new(purpose, user.key.app.clone(), Self::form(false, "", true))
    }

    /// The form of the first run: on an empty App of one's own, an account has to be registered before it is used.
    pub fn first_run(app: AppAlias) -> Self {
        let mut form = Self::form(true, "", true);
        form.focus_on(FieldName::Email);
        let intro = if app.as_str() == AppAlias::LOCAL {
            "This is a local App on your machine: any e-mail works, nothing is sent anywhere. \
             Register an account, or choose Anonymous above."
        } else {
            "Nobody is logged in yet. Log in, register an account, or choose Anonymous."
        };
        Self { intro: Some(intro), ..Self::new(Purpose::LogIn, app, form) }
    }

    fn new(purpose: Purpose, app: AppAlias, form: Form) -> Self {
        Self { purpose, app, intro: None, form }
    }

    fn form(with_method: bool, email: &str, register: bool) -> Form {
        let mut fields = Vec::new();
        if with_method {
            let names = METHODS.iter().map(|(_, name)| *name).collect();
            fields.push(Field::choice(FieldName::Method, "Method", names));
        }
        fields.extend([
            Field::text(FieldName::Email, "E-mail", email),
            Field::secret(FieldName::Password, "Password"),
            Field::toggle(FieldName::Register, "register this account first", register),
        ]);
        Form::new(fields)
    }

    /// The chosen method.
    pub fn method(&self) -> Provider {
        METHODS[self.form.chosen(FieldName::Method)].0.clone()
    }

    /// What the dialog says while it waits.
    pub fn waiting(&self) -> &'static str {
        match (&self.purpose, self.form.is_on(FieldName::Register)) {
            (Purpose::Link { .. }, _) => "linking…",
            (_, true) if self.method() == Provider::EmailPassword => "registering…",
            _ => "logging in…",
        }
    }

    pub(super) fn settle(&mut self) {
        let takes_password = self.method() == Provider::EmailPassword;
        for name in [FieldName::Email, FieldName::Password] {
            self.form.show(name, takes_password);
        }
        self.form.show(FieldName::Register, takes_password && self.purpose != Purpose::Register);
    }

    pub(super) fn after_failure(&mut self) {
        self.form.focus_on(FieldName::Password);
    }

    pub(super) fn submit(&mut self) -> Submission {
        let app = self.app.clone();
        if self.method() == Provider::Anonymous {
            return Submission::send(Command::LogIn { app, credentials: Credentials::Anonymous });
        }
        if self.form.is_focused(FieldName::Method) {
            self.form.focus_on(FieldName::Email);
            return Submission::Refused;
        }
        let register = self.form.is_on(FieldName::Register);
        let email = self.form.text(FieldName::Email).trim().to_owned();
        if let Err(error) = check(&email, self.form.secret(FieldName::Password), register) {
            let field = match error {
                RegistrationError::Email => FieldName::Email,
                RegistrationError::Password => FieldName::Password,
            };
            let why = if register { error.to_string() } else { "is needed".to_owned() };
            self.form.refuse(field, why);
            return Submission::Refused;
        }
        let password = self.form.take_secret(FieldName::Password);
        Submission::send(match &self.purpose {
            Purpose::Link { user, .. } => Command::Link {
                user: user.clone(),
                credentials: Credentials::EmailPassword { email, password },
                register,
            },
            Purpose::LogIn | Purpose::Register if register => Command::Register { app, email, password },
            Purpose::LogIn | Purpose::Register => {
                Command::LogIn { app, credentials: Credentials::EmailPassword { email, password } }
            }
        })
    }
}

/// An account that is there may have any address and any password; a new one has to please the server.
fn check(email: &str, password: &str, register: bool) -> Result<(), RegistrationError> {
    match (email.is_empty(), password.is_empty()) {
        _ if register => check_registration(email, password),
        (true, _) => Err(RegistrationError::Email),
        (_, true) => Err(RegistrationError::Password),
        _ => Ok(()),
    }
}
