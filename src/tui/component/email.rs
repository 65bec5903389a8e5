//! What helps somebody who cannot log in: confirm an address, set another password.

use bson::Bson;

use super::{COLUMNS, Component, Input, Modal, Page, Reaction, Room, State, form_context, handle_form};
use crate::account::credentials::PASSWORD_LENGTH;
use crate::account::{AppAlias, EmailAction, Mail, MailToken, ResetArguments};
use crate::data::value::parse_value;
use crate::session;
use crate::tui::form::{Field, FieldName, Form};
use crate::tui::keymap::{Action, Context, Keymap};
use crate::tui::widget::form;
use crate::tui::widget::page::{below, paragraph};

/// The form.
#[derive(Debug)]
pub struct EmailForm {
    /// The App.
    pub app: AppAlias,
    /// The fields.
    pub form: Form,
}

/// What can be done, in the order of the choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Have a mail sent that a new password can be set with.
    SendReset,
    /// Set a new password with that mail.
    Reset,
    /// Confirm an address with a mail.
    Confirm,
    /// Have the confirmation mail sent again.
    Resend,
    /// Have the App's confirmation function run again.
    Rerun,
    /// Have the App's reset function run.
    CallReset,
}

const PURPOSES: [(Purpose, &str); 6] = [
    (Purpose::SendReset, "send a mail to set a password"),
    (Purpose::Reset, "set a password by a mail's link"),
    (Purpose::Confirm, "confirm an address by a mail's link"),
    (Purpose::Resend, "send the confirmation mail again"),
    (Purpose::Rerun, "run the confirmation function again"),
    (Purpose::CallReset, "run the App's reset function"),
];

impl EmailForm {
    /// A form to choose from; `email` is the address that it is probably about.
    pub fn new(app: AppAlias, email: &str) -> Self {
        let form = Form::new(vec![
            Field::choice(FieldName::Method, "What", PURPOSES.iter().map(|(_, words)| *words).collect()),
            Field::text(FieldName::Email, "E-mail", email),
            Field::secret(FieldName::Link, "Link").replaceable().joining_lines(),
            Field::secret(FieldName::Password, "Password").replaceable(),
            Field::text(FieldName::Arguments, "Arguments", "[]").joining_lines(),
        ]);
        Self { app, form }
    }

    /// The form that sets a password by a mail of the mailbox.
    pub fn set_password(app: AppAlias, mail: &Mail) -> Self {
        let mut dialog = Self::new(app, &mail.email);
        let reset = PURPOSES.iter().position(|(purpose, _)| *purpose == Purpose::Reset);
        (0..reset.unwrap_or_default()).for_each(|_| dialog.form.change(true));
        dialog.settle();
        dialog.form.focus_on(FieldName::Link);
        dialog.form.paste(mail.link.expose());
        dialog.form.focus_on(FieldName::Password);
        dialog
    }

    /// What was chosen.
    pub fn purpose(&self) -> Purpose {
        PURPOSES[self.form.chosen(FieldName::Method)].0
    }

    /// What stands above the fields.
    pub fn intro(&self, keymap: &Keymap) -> String {
        let words = match self.purpose() {
            Purpose::SendReset | Purpose::Resend => {
                let mailbox = keymap.call(Context::Users, Action::Mailbox);
                return format!("The mail goes out as the App sends it; {mailbox} shows a local App's.");
            }
            Purpose::Reset | Purpose::Confirm => {
                "Paste the mail's link, or its token and token id with a space between."
            }
            Purpose::Rerun => "The App's own function decides whether the address is confirmed.",
            Purpose::CallReset => "The App's own function decides; arguments are a JSON array that it gets.",
        };
        words.to_owned()
    }

    pub fn submit(&mut self) -> Vec<Reaction> {
        if self.form.is_focused(FieldName::Method) {
            self.form.next();
            return vec![];
        }
        match self.action() {
            Ok(action) => Reaction::ask(session::AccountAction { app: self.app.clone(), action }),
            Err((field, why)) => {
                self.form.refuse(field, why);
                vec![]
            }
        }
    }

    fn action(&mut self) -> Result<EmailAction, (FieldName, String)> {
        let purpose = self.purpose();
        Ok(match purpose {
            Purpose::SendReset => EmailAction::SendReset { email: self.email()? },
            Purpose::Resend => EmailAction::ResendConfirmation { email: self.email()? },
            Purpose::Rerun => EmailAction::RerunConfirmation { email: self.email()? },
            Purpose::Confirm => EmailAction::Confirm(self.token()?),
            Purpose::Reset => {
                let token = self.token()?;
                self.check_password()?;
                EmailAction::Reset { token, password: self.form.take_secret(FieldName::Password) }
            }
            Purpose::CallReset => {
                let (email, arguments) = (self.email()?, self.arguments()?);
                self.check_password()?;
                let password = self.form.take_secret(FieldName::Password);
                EmailAction::CallReset { email, password, arguments }
            }
        })
    }

    fn email(&self) -> Result<String, (FieldName, String)> {
        let email = self.form.text(FieldName::Email).trim();
        if email.is_empty() { Err((FieldName::Email, "is needed".into())) } else { Ok(email.to_owned()) }
    }

    fn token(&self) -> Result<MailToken, (FieldName, String)> {
        MailToken::parse(self.form.secret(FieldName::Link)).map_err(|why| (FieldName::Link, why.to_string()))
    }

    fn check_password(&self) -> Result<(), (FieldName, String)> {
        let length = self.form.secret(FieldName::Password).chars().count();
        let wrong = || (FieldName::Password, "a password of 6 to 128 characters".into());
        PASSWORD_LENGTH.contains(&length).then_some(()).ok_or_else(wrong)
    }

    fn arguments(&self) -> Result<ResetArguments, (FieldName, String)> {
        match parse_value(self.form.text(FieldName::Arguments)) {
            Ok(Bson::Array(arguments)) => Ok(ResetArguments(arguments)),
            _ => Err((FieldName::Arguments, r#"a JSON array, such as ["blue", 7]"#.into())),
        }
    }
}

impl Component for EmailForm {
    fn context(&self) -> Context {
        form_context(&self.form)
    }

    fn handle(&mut self, input: Input, _state: &State) -> Vec<Reaction> {
        if let Input::Action(Action::Submit) = input {
            return self.submit();
        }
        handle_form(&mut self.form, &input);
        self.settle();
        vec![]
    }

    fn draw(&self, state: &State, _room: Room) -> Page {
        let intro = paragraph(&self.intro(&state.keymap), state.theme.muted, COLUMNS);
        let fields = form::draw(&self.form, &state.theme, COLUMNS);
        Page::new(format!("E-mail accounts of {}", self.app), below(intro, fields))
    }

    fn describe(&self, _state: &State) -> Vec<String> {
        vec![format!("e-mail accounts of {}", self.app)]
    }
}

impl Modal for EmailForm {
    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn form_mut(&mut self) -> Option<&mut Form> {
        Some(&mut self.form)
    }

    fn settle(&mut self) {
        let purpose = self.purpose();
        let by_link = matches!(purpose, Purpose::Reset | Purpose::Confirm);
        self.form.show(FieldName::Email, !by_link);
        self.form.show(FieldName::Link, by_link);
        self.form.show(FieldName::Password, matches!(purpose, Purpose::Reset | Purpose::CallReset));
        self.form.show(FieldName::Arguments, purpose == Purpose::CallReset);
    }

    fn waiting(&self) -> &'static str {
        "asking the App…"
    }
}
