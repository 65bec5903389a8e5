//! `idmux app`: the apps that this device knows.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use url::Url;

use super::client::Client;
use super::consent::{self, YesArgs};
use super::output::Printed;
use super::problem::{Code, Problem};
use super::secret::{self, Descriptor, Question, Source};
use crate::account::{App, AppAlias, AppTextError, ControlAccess, CustomDataSource, check_client_app_id};
use crate::format::table;
use crate::session::{self, AppView, Snapshot};

/// Arguments of `idmux app`.
#[derive(Debug, Subcommand)]
pub enum AppCommand {
    /// Make an App known under a name, and remember it.
    Add(Box<AddArgs>),
    /// List the apps that are known on this device.
    List {
        /// Print an array for scripts.
        #[arg(long)]
        json: bool,
    },
    /// Let an App name another host as where it is served: passwords and tokens go there from then on.
    AcceptHost {
        /// Its name on this device.
        name: String,
        /// The host, with its port where the App names one, as the error shows it.
        #[arg(value_parser = super::host)]
        host: String,
        /// Print an object for scripts.
        #[arg(long)]
        json: bool,
    },
    /// Forget an App on this device, with all its users. Their accounts live on, except anonymous ones.
    Remove {
        /// Its name on this device.
        name: String,
        /// Print an object for scripts.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        yes: YesArgs,
    },
}

/// Arguments of `idmux app add`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// What to call it on this device.
    #[arg(value_parser = app_name)]
    name: String,

    /// Its base URL, such as one that `idmux serve` runs.
    #[arg(long, value_parser = super::base_url)]
    url: Url,

    /// Its client app id, such as shop-abcde.
    #[arg(long, value_name = "ID", value_parser = client_app_id)]
    app_id: String,

    /// The data source that holds custom user data.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    custom_data_service: Option<String>,

    /// The database that holds custom user data.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    custom_data_database: Option<String>,

    /// The collection that holds custom user data.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    custom_data_collection: Option<String>,

    /// The field with the user's id in a document of custom user data.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    custom_data_field: Option<String>,

    /// Host and port that the App may name as where it is served, besides its own.
    #[arg(long, value_name = "HOST", value_parser = super::host)]
    accept_host: Option<String>,

    #[command(flatten)]
    control: ControlArgs,

    /// Print an object for scripts.
    #[arg(long)]
    json: bool,
}

/// How idmux gets to look after a local App.
#[derive(Debug, Args)]
struct ControlArgs {
    /// Look after this local App as well, its clock and its mailbox: read the control token that `idmux serve` prints
    /// from standard input.
    #[arg(long, conflicts_with = "control_token_fd")]
    control_token_stdin: bool,

    /// The same, from this open file descriptor.
    #[arg(long, value_name = "N", value_parser = Descriptor::open)]
    control_token_fd: Option<Descriptor>,

    /// Base URL of the control API [default: that of the App]
    #[arg(long, value_name = "URL", value_parser = super::base_url)]
    control_url: Option<Url>,
}

impl ControlArgs {
    /// The way to the control API, if the token is to be had.
    async fn access(&self, app: &AppAlias, base_url: &Url) -> Result<Option<ControlAccess>, Problem> {
        let source = Source::from_flags(self.control_token_stdin, self.control_token_fd.as_ref());
        if matches!(source, Source::Prompt) {
            return match &self.control_url {
                None => Ok(None),
                Some(_) => Err(Problem::new(
                    Code::Input,
                    "the control API has an address and no token",
                    "use --control-token-stdin or --control-token-fd",
                )),
            };
        }
        let question = Question {
            what: "control token",
            whose: app.to_string(),
            twice: false,
            instead: "use --control-token-stdin or --control-token-fd",
        };
        let token = secret::read(source, question).await?;
        let base_url = self.control_url.as_ref().unwrap_or(base_url).clone();
        Ok(Some(ControlAccess { base_url, token }))
    }
}

impl AppCommand {
    /// Whether the command prints for scripts.
    pub fn json(&self) -> bool {
        match self {
            Self::Add(args) => args.json,
            Self::List { json } | Self::AcceptHost { json, .. } | Self::Remove { json, .. } => *json,
        }
    }

    /// Runs the command.
    ///
    /// # Errors
    /// See each command.
    pub async fn run(self, client: &mut Client<'_>) -> Result<Printed, Problem> {
        match self {
            Self::Add(args) => add(*args, client).await,
            Self::List { json } => Ok(list(&client.snapshot(), json)),
            Self::AcceptHost { name, host, json } => accept_host(&name, host, json, client).await,
            Self::Remove { name, json, yes } => remove(&name, json, yes, client).await,
        }
    }
}

async fn add(args: AddArgs, client: &mut Client<'_>) -> Result<Printed, Problem> {
    let alias = AppAlias::new(args.name);
    // Tokens go to the address of their app: another address would get tokens that are not for it.
    if let Some(AppView { base_url: Some(url), client_app_id, .. }) = client.snapshot().app(&alias)
        && (*url != args.url || *client_app_id != args.app_id)
    {
        return Err(Problem::new(
            Code::AppExists,
            format!("{alias} is the name of another App: {client_app_id} at {url}"),
            format!("take another name, or forget that one first with `idmux app remove {alias}`"),
        ));
    }
    // What is not given stays as it is known.
    let known = client.snapshot().app(&alias).map(|app| app.custom_data.clone()).unwrap_or_default();
    let control = args.control.access(&alias, &args.url).await?;
    let json = app_json(&alias, &args.app_id, Some(&args.url));
    let sentence = format!("{alias}: {} at {}", args.app_id, args.url);
    let app = App {
        alias,
        base_url: args.url,
        client_app_id: args.app_id,
        custom_data: CustomDataSource {
            service: args.custom_data_service.unwrap_or(known.service),
            database: args.custom_data_database.unwrap_or(known.database),
            collection: args.custom_data_collection.unwrap_or(known.collection),
            user_id_field: args.custom_data_field.unwrap_or(known.user_id_field),
        },
        control,
        accepted_host: args.accept_host,
    };
    client.ask(session::KeepApp(app)).await?;
    Ok(Printed::either(args.json, &json, &sentence))
}

async fn accept_host(
    name: &str,
    host: String,
    json: bool,
    client: &mut Client<'_>,
) -> Result<Printed, Problem> {
    let app = AppAlias::new(name);
    client.ask(session::AcceptHost { app: app.clone(), host: host.clone() }).await?;
    let object = json!({ "app": app.as_str(), "accepted_host": host });
    Ok(Printed::either(json, &object, &format!("{app} may be served at {host}")))
}

async fn remove(name: &str, json: bool, yes: YesArgs, client: &mut Client<'_>) -> Result<Printed, Problem> {
    let app = AppAlias::new(name);
    let snapshot = client.snapshot();
    if snapshot.app(&app).is_none() {
        let message = format!("no app on this device is called {name}");
        return Err(Problem::new(Code::UnknownApp, message, "`idmux app list` lists all of them"));
    }
    let users = users_of(&snapshot, &app);
    let of_app = snapshot.users.iter().map(|user| &**user).filter(|user| user.key.app == app);
    if let Some(loss) = consent::lost_users(of_app) {
        consent::ask(yes, &loss).await?;
    }
    if snapshot.users.iter().any(|user| user.key.app == app && user.state.is_logged_in()) {
        client.reach_if_possible(&app).await;
    }
    client.ask(session::ForgetApp { app }).await?;
    let sentence = format!("{name}: forgotten on this device, with its users: {users}");
    Ok(Printed::either(json, &json!({ "app": name, "result": "forgotten", "users": users }), &sentence))
}

fn list(snapshot: &Snapshot, json: bool) -> Printed {
    if json {
        return Printed::json(&snapshot.apps.iter().map(|app| listed_json(snapshot, app)).collect());
    }
    let rows: Vec<_> = snapshot
        .apps
        .iter()
        .map(|app| {
            let (url, id) = match &app.base_url {
                Some(url) => (url.to_string(), app.client_app_id.clone()),
                None if app.alias.as_str() == AppAlias::LOCAL => ("(embedded)".into(), String::new()),
                None => ("(not known)".into(), String::new()),
            };
            [app.alias.to_string(), id, url, users_of(snapshot, &app.alias).to_string()]
        })
        .collect();
    Printed::text(table(["NAME", "APP ID", "URL", "USERS"], &rows))
}

fn listed_json(snapshot: &Snapshot, app: &AppView) -> Value {
    let mut json = app_json(&app.alias, &app.client_app_id, app.base_url.as_ref());
    json["kept"] = app.kept.into();
    json["looked_after"] = app.local.is_some().into();
    json["current"] = app.current.as_ref().map(|id| id.as_str()).into();
    json["users"] = users_of(snapshot, &app.alias).into();
    json
}

fn app_json(alias: &AppAlias, client_app_id: &str, url: Option<&Url>) -> Value {
    // An app without an address is known by its users only.
    json!({ "app": alias.as_str(), "app_id": url.map(|_| client_app_id), "url": url.map(Url::as_str) })
}

fn users_of(snapshot: &Snapshot, app: &AppAlias) -> usize {
    snapshot.users.iter().filter(|user| user.key.app == *app).count()
}

fn app_name(text: &str) -> Result<String, AppTextError> {
    AppAlias::parse(text).map(|_| text.to_owned())
}

fn client_app_id(text: &str) -> Result<String, AppTextError> {
    check_client_app_id(text).map(|()| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_are_checked_where_they_enter() {
        for good in ["shop", "名前", "a.b"] {
            assert!(app_name(good).is_ok(), "{good}");
        }
        for bad in ["", "local", "my shop", "a\u{1b}b", "-x"] {
            assert!(app_name(bad).is_err(), "{bad:?}");
        }
        assert!(client_app_id("shop-abcde").is_ok());
        for bad in ["", "../etc", "a b", "shop?x"] {
            assert!(client_app_id(bad).is_err(), "{bad:?}");
        }
    }
}
