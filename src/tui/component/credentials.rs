//! Log in, register, link: one form with three entrances. What linking changes is told before the credentials are sent.

use bson::{Bson, Document};
use ratatui::text::Line;

use super::browser::BrowserWait;
use super::mailbox::Mailbox;
use super::{COLUMNS, Component, Input, Modal, Page, Reaction, Room, State, form_context, handle_form};
use crate::account::credentials::{RegistrationError, check_email, check_password, check_registration};
use crate::account::{AppAlias, Credentials, FunctionPayload, GoogleProof, Provider, UserKey};
use crate::data::value::parse_value;
use crate::session::{self, AppView, Entered, Event, EventKind, RequestId, Subject, UserView};
use crate::text;
use crate::tui::content::tree::type_name;
use crate::tui::effect::Effect;
use crate::tui::form::{Field, FieldName, Form};
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::form;
use crate::tui::widget::line::{span, tone};
use crate::tui::widget::page::{Drawn, below, paragraph};
use crate::tui::words::{self, Tone};

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

    pub fn submit(&mut self) -> Vec<Reaction> {
        let fields = self.fields();
        if self.form.is_focused(FieldName::Method)
            && let Some(first) = fields.first()
        {
            self.form.focus_on(*first);
            return vec![];
        }
        if self.form.is_focused(FieldName::Way) && !self.in_browser() {
            self.form.next();
            return vec![];
        }
        if matches!(self.purpose, Purpose::Link(_)) && !self.preview {
            self.preview = self.is_complete();
            return vec![];
        }
        if self.in_browser() {
            let (app, provider) = (self.app.clone(), self.method());
            return match &self.purpose {
                Purpose::Link(linked) => {
                    Reaction::ask(session::LinkWithBrowser { user: linked.user.clone(), provider })
                }
                _ => Reaction::ask(session::LogInWithBrowser { app, provider }),
            };
        }
        match self.credentials() {
            Some(credentials) => self.send(credentials),
            None => vec![],
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

    fn send(&self, credentials: Credentials) -> Vec<Reaction> {
        let app = self.app.clone();
        let register = self.form.is_on(FieldName::Register);
        match (&self.purpose, credentials) {
            (Purpose::Link(Linked { user, .. }), credentials) => {
                let register = register && credentials.provider() == Provider::EmailPassword;
                Reaction::ask(session::Link { user: user.clone(), credentials, register })
            }
            (_, Credentials::EmailPassword { email, password }) if register => {
                Reaction::ask(session::Register { app, email, password })
            }
            (_, credentials) => Reaction::ask(session::LogIn { app, credentials }),
        }
    }
}

impl Component for CredentialsForm {
    fn context(&self) -> Context {
        if self.preview { Context::LinkPreview } else { form_context(&self.form) }
    }

    fn handle(&mut self, input: Input, state: &State) -> Vec<Reaction> {
        match input {
            Input::Action(Action::Submit) => return self.submit(),
            Input::Answer(event) => return self.send_away(event),
            Input::Done(event) => return entered(event, state),
            Input::Key(_) | Input::Paste(_) if self.preview => {}
            input => handle_form(&mut self.form, &input),
        }
        self.settle();
        vec![]
    }

    fn draw(&self, state: &State, _room: Room) -> Page {
        let theme = &state.theme;
        let title = match (&self.purpose, self.preview) {
            (Purpose::LogIn, _) => format!("Log in to {}", self.app),
            (Purpose::Register, _) => format!("Register at {}", self.app),
            (Purpose::Link(linked), false) if linked.is_anonymous() => {
                format!("Make {} permanent, 1 of 2", linked.label)
            }
            (Purpose::Link(linked), true) if linked.is_anonymous() => {
                format!("Make {} permanent, 2 of 2: what changes", linked.label)
            }
            (Purpose::Link(linked), false) => format!("Link an identity to {}", linked.label),
            (Purpose::Link(linked), true) => format!("Link to {}: what changes", linked.label),
        };
        if let Some(preview) = self.link_preview() {
            return Page::new(title, link_preview(state, &preview));
        }
        let intro = self.intro.map(|intro| paragraph(intro, theme.text, COLUMNS)).unwrap_or_default();
        let mut drawn = below(intro, form::draw(&self.form, theme, COLUMNS));
        let said = match self.payload() {
            Some(Ok(document)) => {
                let count = words::count(document.len(), "field");
                Some((format!("the App's function will get an object of {count}"), theme.good))
            }
            Some(Err(why)) => Some((format!("✗ {why}"), theme.bad)),
            None => self.advice().map(|advice| (advice.to_owned(), theme.muted)),
        };
        if let Some((words, style)) = said {
            drawn.lines.push(Line::default());
            drawn.lines.extend(paragraph(&words, style, COLUMNS));
        }
        Page::new(title, drawn)
    }

    fn describe(&self, _state: &State) -> Vec<String> {
        let title = match &self.purpose {
            Purpose::LogIn => format!("log in to {}", self.app),
            Purpose::Register => format!("register at {}", self.app),
            Purpose::Link(linked) => format!("link an identity to {}", linked.label),
        };
        [Some(title), self.intro.map(str::to_owned)].into_iter().flatten().collect()
    }
}

impl Modal for CredentialsForm {
    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn form_mut(&mut self) -> Option<&mut Form> {
        Some(&mut self.form)
    }

    fn settle(&mut self) {
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

    fn objection(&self) -> Option<String> {
        self.payload().and_then(Result::err)
    }

    fn waiting(&self) -> &'static str {
        match (&self.purpose, self.form.is_on(FieldName::Register)) {
            (Purpose::Link(_), _) => "linking…",
            (_, true) if self.method() == Provider::EmailPassword => "registering…",
            _ => "logging in…",
        }
    }

    fn step_back(&mut self) -> bool {
        std::mem::take(&mut self.preview)
    }

    /// A log-in is given up; an identity may be added already.
    fn give_up(&mut self, request: Option<RequestId>) -> Option<Reaction> {
        let request = request.filter(|_| !matches!(self.purpose, Purpose::Link(_)))?;
        Some(Reaction::CancelWaiting(request))
    }

    fn after_failure(&mut self) {
        self.form.request_failed();
        self.preview = false;
        let fields = self.fields();
        let secret = fields.iter().find(|name| self.form.field(**name).is_some_and(Field::is_secret));
        self.form.focus_on(secret.copied().unwrap_or(FieldName::Payload));
    }
}

impl CredentialsForm {
    /// Sends a browser away when the App says where to.
    fn send_away(&self, event: &Event) -> Vec<Reaction> {
        let (Some(request), EventKind::BrowserNeeded { address, until }) = (event.request, &event.kind)
        else {
            return vec![];
        };
        let title = match &self.purpose {
            Purpose::Link(linked) => format!("Link an identity to {}", linked.label),
            _ => format!("Log in to {}", self.app),
        };
        let wait = BrowserWait::new(request, title, address.clone(), *until);
        vec![Reaction::Open(Box::new(wait)), Reaction::Effect(Effect::OpenBrowser(address.clone()))]
    }
}

/// Somebody came in, or has to confirm an address first: what has to be done next is in the mailbox, which the worker reads
/// by itself.
fn entered(event: &Event, state: &State) -> Vec<Reaction> {
    match (event.kind.outcome(), &event.subject) {
        (Some(Entered::LoggedIn { .. }), Subject::User { key, .. }) => vec![Reaction::Select(key.clone())],
        (Some(Entered::ConfirmationPending), Subject::App { app, .. })
            if state.snapshot.app(app).is_some_and(|app| app.local.is_some()) =>
        {
            Reaction::open(Mailbox::new(app.clone()))
        }
        _ => vec![],
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

/// What linking changes. The glyph at the start of each line hangs.
fn link_preview(state: &State, preview: &[(Tone, String)]) -> Drawn {
    let mut lines = Vec::new();
    for (how, line) in preview {
        let (glyph, words) = line.split_once(' ').unwrap_or(("", line));
        let inert = text::inert(words);
        for (row, part) in text::wrap(&inert, COLUMNS - 2).into_iter().enumerate() {
            let glyph = if row == 0 { glyph } else { "" };
            lines.push(Line::from(vec![
                span(format!("{} ", text::fit(glyph, 1)), tone(&state.theme, *how)),
                span(part, state.theme.text),
            ]));
        }
    }
    lines.push(Line::default());
    let call = |action| state.keymap.call(Context::LinkPreview, action);
    let words = format!("{} links. {} goes back to the fields.", call(Action::Submit), call(Action::Close));
    lines.extend(paragraph(&words, state.theme.muted, COLUMNS));
    Drawn::lines(lines)
}

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
