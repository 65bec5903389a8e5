//! Log in, register, link: one form with three entrances.

use bson::{Bson, Document};

use super::{Linked, Submission};
use crate::account::credentials::{RegistrationError, check_email, check_password, check_registration};
use crate::account::{AppAlias, Credentials, FunctionPayload, GoogleProof, Provider};
use crate::data::value::parse_value;
use crate::session::{self, AppView, UserView};
use crate::tui::content::tree::type_name;
use crate::tui::form::{Field, FieldName, Form};
use crate::tui::words::Tone;

/// What the credentials are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// To log a user in.
    LogIn,
    /// To create an account, and log it in.
    Register,
    /// To add an identity to a user.
    Link(Linked),
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
    /// Whether what linking changes is shown, in place of the fields.
    pub preview: bool,
    /// The fields.
    pub form: Form,
    /// The methods to choose from, in the order of the choice.
    methods: Vec<Provider>,
}

/// All methods, in the order of the choice.
const METHODS: [(Provider, &str); 8] = [
    (Provider::EmailPassword, "E-mail & password"),
    (Provider::Anonymous, "Anonymous"),
    (Provider::ApiKey, "API key"),
    (Provider::CustomJwt, "JWT of another issuer"),
    (Provider::CustomFunction, "The App's own function"),
    (Provider::Google, "Google"),
    (Provider::Facebook, "Facebook"),
    (Provider::Apple, "Apple"),
];

/// Providers whose identities cannot be added to a user (protocol document, section 4).
const NOT_LINKABLE: [Provider; 2] = [Provider::Anonymous, Provider::ApiKey];

/// The fields that each method takes.
fn fields_of(method: &Provider) -> &'static [FieldName] {
    match method {
        Provider::EmailPassword => &[FieldName::Email, FieldName::Password, FieldName::Register],
        Provider::ApiKey => &[FieldName::ApiKey],
        Provider::CustomJwt => &[FieldName::Jwt],
        Provider::CustomFunction => &[FieldName::Payload],
        Provider::Google => &[FieldName::Way, FieldName::GoogleProof, FieldName::Token],
        Provider::Facebook | Provider::Apple => &[FieldName::Way, FieldName::Token],
        Provider::Anonymous | Provider::Other(_) => &[],
    }
}

impl CredentialsForm {
    /// A form to log in with. For a user who was logged in before, the method is there already, and the address.
    pub fn log_in(app: &AppView, again: Option<&UserView>) -> Self {
        let again = again.filter(|user| !user.state.is_logged_in());
        let email = again
            .filter(|user| user.provider == Provider::EmailPassword)
            .and_then(|user| user.email())
            .unwrap_or_default();
        let mut dialog = Self::new(Purpose::LogIn, app, email, false);
        if let Some(user) = again.filter(|user| user.provider != Provider::Anonymous) {
            dialog.choose(&user.provider);
        }
        let first = if email.is_empty() { FieldName::Email } else { FieldName::Password };
        dialog.focus_on_fields(first);
        dialog
    }

    /// A form to register with.
    pub fn register(app: &AppView) -> Self {
        let mut dialog = Self::new(Purpose::Register, app, "", true);
        dialog.focus_on_fields(FieldName::Email);
        dialog
    }

    /// A form to add an identity with.
    pub fn link(app: &AppView, user: &UserView) -> Self {
        let linked = Linked::new(user);
        let intro = linked.intro();
        let mut dialog = Self::new(Purpose::Link(linked), app, "", true);
        dialog.focus_on_fields(FieldName::Email);
        dialog.intro = intro;
        dialog
    }

    /// The form of the first run: on an empty App of one's own, an account has to be registered before it is used.
    pub fn first_run(app: &AppView) -> Self {
        let mut dialog = Self::new(Purpose::LogIn, app, "", true);
        dialog.focus_on_fields(FieldName::Email);
        dialog.intro = Some(if app.alias.as_str() == AppAlias::LOCAL {
            "This is a local App on your machine: any e-mail works, nothing is sent anywhere. \
             Register an account, or choose Anonymous as the method."
        } else {
            "Nobody is logged in yet. Log in, register an account, or choose Anonymous."
        });
        dialog
    }

    /// The form with the methods that the App has, as far as that is known.
    fn new(purpose: Purpose, app: &AppView, email: &str, register: bool) -> Self {
        let serves = |provider: &Provider| match purpose {
            Purpose::LogIn => true,
            Purpose::Register => *provider == Provider::EmailPassword,
            Purpose::Link(_) => !NOT_LINKABLE.contains(provider),
        };
        let offered: Vec<_> =
            METHODS.iter().filter(|(provider, _)| serves(provider) && app.offers(provider)).collect();
        // An App that offers nothing of the kind says so itself.
        let offered = if offered.is_empty() { vec![&METHODS[0]] } else { offered };
        let methods = offered.iter().map(|(provider, _)| provider.clone()).collect();
        let names: Vec<_> = offered.iter().map(|(_, name)| *name).collect();
        let mut fields = Vec::new();
        if purpose != Purpose::Register {
            fields.push(Field::choice(FieldName::Method, "Method", names));
        }
        fields.extend([
            Field::text(FieldName::Email, "E-mail", email),
            Field::secret(FieldName::Password, "Password").replaceable(),
            Field::toggle(FieldName::Register, "register this account first", register),
            Field::secret(FieldName::ApiKey, "API key").replaceable(),
            Field::secret(FieldName::Jwt, "JWT").replaceable(),
            Field::secret(FieldName::Payload, "JSON").kept().joining_lines(),
            Field::choice(FieldName::Way, "How", vec!["in the browser", "by token"]),
            Field::choice(FieldName::GoogleProof, "Kind", vec!["ID token", "authorization code"]),
            Field::secret(FieldName::Token, "Token").replaceable(),
        ]);
        let mut dialog = Self {
            purpose,
            app: app.alias.clone(),
            intro: None,
            preview: false,
            form: Form::new(fields),
            methods,
        };
        dialog.settle();
        dialog
    }

    /// Chooses a method, if it is offered.
    fn choose(&mut self, provider: &Provider) {
        if let Some(at) = self.methods.iter().position(|method| method == provider) {
            self.form.focus_on(FieldName::Method);
            (0..at).for_each(|_| self.form.change(true));
            self.settle();
        }
    }

    /// Moves the focus to `first`, or else to the first field of the method.
    fn focus_on_fields(&mut self, first: FieldName) {
        let fields = self.fields();
        if let Some(first) = fields.iter().find(|field| **field == first).or(fields.first()) {
            self.form.focus_on(*first);
        }
    }

    /// The chosen method.
    pub fn method(&self) -> Provider {
        self.methods[self.form.chosen(FieldName::Method)].clone()
    }

    /// Whether the person goes to the provider's own pages.
    fn in_browser(&self) -> bool {
        fields_of(&self.method()).contains(&FieldName::Way) && self.form.chosen(FieldName::Way) == 0
    }

    /// The fields that are to be filled in.
    fn fields(&self) -> &'static [FieldName] {
        if self.in_browser() { &[FieldName::Way] } else { fields_of(&self.method()) }
    }

    /// What the dialog says while it waits.
    pub fn waiting(&self) -> &'static str {
        match (&self.purpose, self.form.is_on(FieldName::Register)) {
            (Purpose::Link(_), _) => "linking…",
            (_, true) if self.method() == Provider::EmailPassword => "registering…",
            _ => "logging in…",
        }
    }

    /// What the App's own function will get, or why it cannot be sent; `None` where another method is chosen.
    pub fn payload(&self) -> Option<Result<Document, String>> {
        (self.method() == Provider::CustomFunction).then(|| payload(self.form.secret(FieldName::Payload)))
    }

    /// What linking will change, once it is asked for.
    pub fn link_preview(&self) -> Option<Vec<(Tone, String)>> {
        let Purpose::Link(linked) = &self.purpose else { return None };
        let method = self.method();
        let register = method == Provider::EmailPassword && self.form.is_on(FieldName::Register);
        let email = self.form.text(FieldName::Email).trim();
        self.preview.then(|| linked.preview(&method, email, register))
    }

    /// What to know about the chosen method.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self.method() {
            _ if self.in_browser() => {
                "You go to the provider's own pages. idmux shows their address as well."
            }
            Provider::CustomJwt => "Paste a JWT that your own issuer signed for this App.",
            Provider::Google => "Paste what Google gave: the App takes one of the two.",
            Provider::Facebook => "Paste an access token of Facebook.",
            Provider::Apple => "Paste an ID token of Apple.",
            _ => return None,
        })
    }

    pub(super) fn settle(&mut self) {
        let taken = self.fields();
        for (method, _) in &METHODS {
            for name in fields_of(method) {
                let shown = taken.contains(name)
                    && !(*name == FieldName::Register && self.purpose == Purpose::Register);
                self.form.show(*name, shown);
            }
        }
        self.judge_registration();
    }

    /// Says of an address and a password for a new account what is wrong with them, while they are typed. Those of an
    /// account that is there are its server's to judge.
    fn judge_registration(&mut self) {
        let registers = self.form.is_on(FieldName::Register);
        let (email, password) = (self.form.text(FieldName::Email), self.form.secret(FieldName::Password));
        let judged = [
            (FieldName::Email, email.is_empty(), check_email(email)),
            (FieldName::Password, password.is_empty(), check_password(password)),
        ];
        for (name, is_empty, verdict) in judged {
            match verdict {
                _ if is_empty => {}
                Err(error) if registers => self.form.blame(name, error.to_string()),
                _ => self.form.absolve(name),
            }
        }
    }

    pub(super) fn after_failure(&mut self) {
        self.preview = false;
        let fields = self.fields();
        let secret = fields.iter().find(|name| self.form.field(**name).is_some_and(Field::is_secret));
        self.form.focus_on(secret.copied().unwrap_or(FieldName::Payload));
    }

    pub(super) fn submit(&mut self) -> Submission {
        let fields = self.fields();
        if self.form.is_focused(FieldName::Method)
            && let Some(first) = fields.first()
        {
            self.form.focus_on(*first);
            return Submission::Refused;
        }
        if self.form.is_focused(FieldName::Way) && !self.in_browser() {
            self.form.next();
            return Submission::Refused;
        }
        if matches!(self.purpose, Purpose::Link(_)) && !self.preview {
            self.preview = self.is_complete();
            return Submission::Refused;
        }
        if self.in_browser() {
            let (app, provider) = (self.app.clone(), self.method());
            return match &self.purpose {
                Purpose::Link(linked) => {
                    Submission::send(session::LinkWithBrowser { user: linked.user.clone(), provider })
                }
                _ => Submission::send(session::LogInWithBrowser { app, provider }),
            };
        }
        match self.credentials() {
            Some(credentials) => self.send(credentials),
            None => Submission::Refused,
        }
    }

    /// Whether everything is there; else the form says what is not. Secrets stay where they are.
    fn is_complete(&mut self) -> bool {
        if self.in_browser() {
            return true;
        }
        if self.method() == Provider::EmailPassword {
            return self.check_email().is_some();
        }
        if let Some(payload) = self.payload() {
            return payload.is_ok();
        }
        let mut secrets = fields_of(&self.method()).iter();
        let missing = secrets.find(|name| {
            self.form.field(**name).is_some_and(Field::is_secret) && self.form.secret(**name).is_empty()
        });
        if let Some(name) = missing {
            self.form.refuse(*name, "is needed");
        }
        missing.is_none()
    }

    /// The credentials, if everything is there; else the form says what is not.
    fn credentials(&mut self) -> Option<Credentials> {
        Some(match self.method() {
            Provider::EmailPassword => return self.email_credentials(),
            Provider::ApiKey => Credentials::ApiKey(self.needed(FieldName::ApiKey)?),
            Provider::CustomJwt => Credentials::CustomJwt(self.needed(FieldName::Jwt)?),
            Provider::CustomFunction => match payload(self.form.secret(FieldName::Payload)) {
                Ok(document) => Credentials::CustomFunction(FunctionPayload(document)),
                // The line below the field says what is wrong.
                Err(_) => return None,
            },
            Provider::Google if self.form.chosen(FieldName::GoogleProof) == 1 => {
                Credentials::Google(GoogleProof::AuthCode(self.needed(FieldName::Token)?))
            }
            Provider::Google => Credentials::Google(GoogleProof::IdToken(self.needed(FieldName::Token)?)),
            Provider::Facebook => Credentials::Facebook(self.needed(FieldName::Token)?),
            Provider::Apple => Credentials::Apple(self.needed(FieldName::Token)?),
            Provider::Anonymous | Provider::Other(_) => Credentials::Anonymous,
        })
    }

    fn needed(&mut self, name: FieldName) -> Option<secrecy::SecretString> {
        if self.form.secret(name).is_empty() {
            self.form.refuse(name, "is needed");
            return None;
        }
        Some(self.form.take_secret(name))
    }

    fn email_credentials(&mut self) -> Option<Credentials> {
        let email = self.check_email()?;
        Some(Credentials::EmailPassword { email, password: self.form.take_secret(FieldName::Password) })
    }

    /// The address, if address and password will do; else the form says what is wrong.
    fn check_email(&mut self) -> Option<String> {
        let register = self.form.is_on(FieldName::Register);
        let email = self.form.text(FieldName::Email).trim().to_owned();
        if let Err(error) = check(&email, self.form.secret(FieldName::Password), register) {
            let field = match error {
                RegistrationError::Email => FieldName::Email,
                RegistrationError::Password => FieldName::Password,
            };
            let why = if register { error.to_string() } else { "is needed".to_owned() };
            self.form.refuse(field, why);
            return None;
        }
        Some(email)
    }

    fn send(&self, credentials: Credentials) -> Submission {
        let app = self.app.clone();
        let register = self.form.is_on(FieldName::Register);
        match (&self.purpose, credentials) {
            (Purpose::Link(Linked { user, .. }), credentials) => {
                let register = register && credentials.provider() == Provider::EmailPassword;
                Submission::send(session::Link { user: user.clone(), credentials, register })
            }
            (_, Credentials::EmailPassword { email, password }) if register => {
                Submission::send(session::Register { app, email, password })
            }
            (_, credentials) => Submission::send(session::LogIn { app, credentials }),
        }
    }
}

/// The payload of an authentication function: an object, any field of which may be a secret. No text is an empty one.
fn payload(text: &str) -> Result<Document, String> {
    if text.trim().is_empty() {
        return Ok(Document::new());
    }
    match parse_value(text) {
        Ok(Bson::Document(document)) => Ok(document),
        Ok(other) => Err(format!(
            "a JSON object is needed, such as {{\"name\": \"ada\"}}; this is {}",
            type_name(&other)
        )),
        Err(error) => Err(error.to_string()),
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
