//! Add an App, or change one.

use ratatui::text::Line;

use super::{COLUMNS, Component, Input, Modal, Page, Reaction, Room, State, form_context, handle_form};
use crate::account::{
    App, AppAlias, ControlAccess, CustomDataSource, UserKey, check_client_app_id, parse_base_url,
};
use crate::session::{self, AppView, Snapshot};
use crate::tui::form::{Field, FieldName, Form};
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::form;
use crate::tui::widget::page::{below, paragraph};
use crate::tui::words;

/// The form.
#[derive(Debug)]
pub struct AppForm {
    /// The App that is changed; `None` for a new one.
    pub present: Option<Present>,
    /// Names that other Apps have.
    taken: Vec<AppAlias>,
    /// The fields.
    pub form: Form,
}

/// An App that is changed, as it is.
#[derive(Debug, Clone)]
pub struct Present {
    /// The App.
    pub app: AppView,
    /// How many users it has: their tokens hold it to its address.
    pub users: usize,
}

impl AppForm {
    /// A form to add an App with.
    pub fn add(snapshot: &Snapshot) -> Self {
        let taken = snapshot.apps.iter().map(|app| app.alias.clone()).collect();
        Self { present: None, taken, form: fields("", "", "", &CustomDataSource::default()) }
    }

    /// A form to change one with.
    pub fn edit(app: &AppView, snapshot: &Snapshot) -> Self {
        let of_app = |user: &UserKey| user.app == app.alias;
        let users = snapshot.users.iter().filter(|user| of_app(&user.key)).count();
        let url = app.base_url.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut form = fields(app.alias.as_str(), &url, &app.client_app_id, &app.custom_data);
        form.show(FieldName::Alias, false);
        let can_move = users == 0 || app.base_url.is_none();
        form.show(FieldName::BaseUrl, can_move);
        form.show(FieldName::ClientAppId, can_move);
        form.focus_on(if can_move { FieldName::BaseUrl } else { FieldName::DataService });
        Self { present: Some(Present { app: app.clone(), users }), taken: Vec::new(), form }
    }

    /// The title.
    pub fn title(&self) -> String {
        match &self.present {
            None => "Add an App".into(),
            Some(present) => format!("Change the App {}", present.app.alias),
        }
    }

    /// What stands above the fields.
    pub fn intro(&self) -> String {
        match &self.present {
            None => "An App on a server: `idmux serve` prints all of this. It is remembered on this device."
                .into(),
            Some(Present { users: 0, .. }) => "Nobody of this App is known here: it can move.".into(),
            Some(Present { app, users }) if app.base_url.is_none() => {
                let users = words::count(*users, "user");
                format!(
                    "No address of it is known. It has {users}: their tokens go to the address that you give."
                )
            }
            Some(Present { app, users }) => {
                let url = app.base_url.as_ref().map(ToString::to_string).unwrap_or_default();
                let users = words::count(*users, "user");
                format!(
                    "{} at {url}. It has {users}, and stays there: their tokens are for it.",
                    app.client_app_id
                )
            }
        }
    }

    /// What to know about the field with the focus.
    pub fn advice(&self) -> &'static str {
        let looked_after = self.present.as_ref().is_some_and(|present| present.app.local.is_some());
        match self.form.focused().map(|field| field.name) {
            Some(FieldName::Alias) => "What you call it, such as shop.",
            Some(FieldName::BaseUrl) => "The address of the server, such as http://127.0.0.1:4000.",
            Some(FieldName::ClientAppId) => "Such as shop-abcde.",
            Some(FieldName::ControlToken) if looked_after => {
                "Clock and mailbox are in reach. Leave it empty to keep the token that is known."
            }
            Some(FieldName::ControlToken) => {
                "Only for a local App: brings its clock and its mailbox. Leave it empty otherwise."
            }
            _ => "Where the App keeps custom user data.",
        }
    }

    pub fn submit(&mut self) -> Vec<Reaction> {
        let is_whole = self.form.verify();
        self.settle();
        let is_taken = self.form.field(FieldName::Alias).is_some_and(|field| field.error.is_some());
        if is_taken {
            self.form.focus_on(FieldName::Alias);
        }
        let text = |name| self.form.text(name).trim().to_owned();
        let (true, false, Ok(base_url)) = (is_whole, is_taken, parse_base_url(&text(FieldName::BaseUrl)))
        else {
            return vec![];
        };
        // The token stays in its field until the form closes: a request that fails costs nobody another paste.
        let token = self.form.secret(FieldName::ControlToken);
        let control = (!token.is_empty())
            .then(|| ControlAccess { base_url: base_url.clone(), token: token.to_owned().into() });
        let app = App {
            alias: AppAlias::new(text(FieldName::Alias)),
            base_url,
            client_app_id: text(FieldName::ClientAppId),
            custom_data: CustomDataSource {
                service: text(FieldName::DataService),
                database: text(FieldName::Database),
                collection: text(FieldName::Collection),
                user_id_field: text(FieldName::UserIdField),
            },
            control,
            accepted_host: None,
        };
        match self.present {
            Some(_) => Reaction::ask(session::EditApp(app)),
            None => Reaction::ask(session::KeepApp(app)),
        }
    }
}

impl Component for AppForm {
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
        let intro = paragraph(&self.intro(), state.theme.text, COLUMNS);
        let mut drawn = below(intro, form::draw(&self.form, &state.theme, COLUMNS));
        drawn.lines.push(Line::default());
        drawn.lines.extend(paragraph(self.advice(), state.theme.muted, COLUMNS));
        Page::new(self.title(), drawn)
    }

    fn describe(&self, _state: &State) -> Vec<String> {
        vec![self.title().to_lowercase(), self.intro()]
    }
}

impl Modal for AppForm {
    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn form_mut(&mut self) -> Option<&mut Form> {
        Some(&mut self.form)
    }

    /// Says beside the name that another App has it.
    fn settle(&mut self) {
        let name = self.form.text(FieldName::Alias).trim();
        if self.taken.iter().any(|taken| taken.as_str() == name) {
            self.form.blame(FieldName::Alias, "another App has this name");
        }
    }

    fn waiting(&self) -> &'static str {
        "writing it down…"
    }
}

fn fields(alias: &str, url: &str, id: &str, data: &CustomDataSource) -> Form {
    let text = |name, label, value: &str| Field::text(name, label, value);
    let anything = |_: &str| Ok(());
    Form::new(vec![
        text(FieldName::Alias, "Name", alias)
            .checked(|text| AppAlias::parse(text).map(drop).map_err(|error| error.to_string())),
        text(FieldName::BaseUrl, "Base URL", url)
            .checked(|text| parse_base_url(text).map(drop).map_err(|error| error.to_string())),
        text(FieldName::ClientAppId, "App id", id)
            .checked(|text| check_client_app_id(text).map_err(|error| error.to_string())),
        text(FieldName::DataService, "Data source", &data.service).checked(anything),
        text(FieldName::Database, "Database", &data.database).checked(anything),
        text(FieldName::Collection, "Collection", &data.collection).checked(anything),
        text(FieldName::UserIdField, "User id field", &data.user_id_field).checked(anything),
        Field::secret(FieldName::ControlToken, "Control token").kept(),
    ])
}
