//! Which app, and which of its users, a command is for.

use std::sync::Arc;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::problem::{Code, Problem};
use crate::account::AppAlias;
use crate::session::{AppView, FindError, Snapshot, UserView, find_user};

/// The app of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct AppTarget {
    /// The app, by its name on this device [default: the only one, or the embedded App `local` if there is none]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    app: Option<String>,
}

/// The user of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct UserTarget {
    /// The user: label, e-mail address or id, the beginning of one of them, or APP/WHO [default: the app's current user]
    #[arg(long = "as", value_name = "WHO", value_parser = NonEmptyStringValueParser::new())]
    who: Option<String>,

    #[command(flatten)]
    app: AppTarget,
}

impl AppTarget {
    /// The app of that name.
    pub fn named(name: String) -> Self {
        Self { app: Some(name) }
    }

    /// The app that was named, or the one that needs no naming.
    ///
    /// # Errors
    /// When it is not known, or when several are and none was named.
    pub fn find(&self, snapshot: &Snapshot) -> Result<AppAlias, Problem> {
        let local = AppAlias::new(AppAlias::LOCAL);
        match (&self.app, snapshot.apps.as_slice()) {
            (Some(name), apps) => {
                let alias = AppAlias::new(name);
                if alias == local || snapshot.app(&alias).is_some() {
                    return Ok(alias);
                }
                let message = format!("no app on this device is called {name}");
                Err(Problem::new(Code::UnknownApp, message, "make it known with `idmux app add`")
                    .among(names(apps)))
            }
            (None, []) => Ok(local),
            (None, [only]) => Ok(only.alias.clone()),
            (None, apps) => Err(Problem::new(
                Code::AppNeeded,
                "several apps are known on this device",
                "name one with --app",
            )
            .among(names(apps))),
        }
    }
}

impl UserTarget {
    /// A user of that name.
    pub fn named(who: String, app: AppTarget) -> Self {
        Self { who: Some(who), app }
    }

    /// The user that was named, or the current one.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn find(&self, snapshot: &Snapshot) -> Result<Arc<UserView>, Problem> {
        if let Some(who) = &self.who {
            // A name that one user alone goes by needs no app beside it.
            let app = self.app.app.as_ref().map(|_| self.app.find(snapshot)).transpose()?;
            return by_name(snapshot, app.as_ref(), who);
        }
        let app = self.app.find(snapshot)?;
        let mut users = snapshot.users.iter().filter(|user| user.key.app == app);
        users.find(|user| snapshot.is_current(&user.key)).cloned().ok_or_else(|| no_current_user(&app))
    }
}

/// The user of that name, of one app or of all.
fn by_name(snapshot: &Snapshot, app: Option<&AppAlias>, who: &str) -> Result<Arc<UserView>, Problem> {
    find_user(snapshot, app, who).map_err(|error| match error {
        FindError::Unknown => {
            let of_app = app.map(|app| format!(" of {app}")).unwrap_or_default();
            Problem::new(
                Code::UnknownUser,
                format!("no user{of_app} goes by {who}"),
                "`idmux users` lists all of them; `idmux login` logs another in",
            )
        }
        FindError::Ambiguous(users) => {
            let message = format!("{} users go by {who}", users.len());
            let candidate = |user: &Arc<UserView>| match app {
                Some(_) => format!("{}  {}", user.key.id, user.label),
                None => format!("{}/{}  {}", user.key.app, user.key.id, user.label),
            };
            Problem::new(Code::AmbiguousUser, message, "name one of them by more of it, or by its id")
                .among(users.iter().map(candidate).collect())
        }
    })
}

fn no_current_user(app: &AppAlias) -> Problem {
    Problem::new(
        Code::NoCurrentUser,
        format!("{app} has no current user"),
        "log one in with `idmux login`, choose one with `idmux switch`, or name one with --as",
    )
}

fn names(apps: &[AppView]) -> Vec<String> {
    apps.iter().map(|app| app.alias.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Profile, Provider, SessionState, UserId, UserKey};

    fn app(name: &str, current: Option<&str>) -> AppView {
        AppView {
            stands_at: None,
            alias: AppAlias::new(name),
            client_app_id: String::new(),
            base_url: None,
            current: current.map(UserId::new),
            skew: None,
            custom_data: Default::default(),
            kept: true,
            other_host: None,
            local: None,
        }
    }

    fn user(app: &str, id: &str, label: &str, email: Option<&str>) -> Arc<UserView> {
        let mut profile = Profile::default();
        profile.data.extend(email.map(|email| ("email".to_owned(), email.into())));
        Arc::new(UserView {
            key: UserKey { app: AppAlias::new(app), id: UserId::new(id) },
            label: label.into(),
            provider: Provider::EmailPassword,
            profile: Some(profile),
            state: SessionState::Active,
            access: None,
            refresh: None,
            next_refresh: None,
            last_refresh: None,
            custom_data: None,
            source: None,
            api_keys: None,
        })
    }

    fn two_apps() -> Snapshot {
        Snapshot {
            apps: vec![app("shop", Some("65b2")), app("bank", None)],
            users: [
                user("shop", "65a1", "Ada", Some("ada@example.com")),
                user("shop", "65b2", "adam@example.com", Some("adam@example.com")),
                user("shop", "65c3", "Grace", None),
                user("bank", "65d4", "Ada", None),
            ]
            .into_iter()
            .collect(),
            ..Snapshot::default()
        }
    }

    fn find(app: Option<&str>, who: Option<&str>) -> Result<String, Code> {
        let target =
            UserTarget { who: who.map(str::to_owned), app: AppTarget { app: app.map(str::to_owned) } };
        target.find(&two_apps()).map(|user| user.key.to_string()).map_err(|problem| problem.code)
    }

    #[test]
    fn an_app_needs_no_naming_only_while_there_is_no_choice() {
        let found = |apps: &[AppView], named: Option<&str>| {
            let snapshot = Snapshot { apps: apps.to_vec(), ..Snapshot::default() };
            let target = AppTarget { app: named.map(str::to_owned) };
            target.find(&snapshot).map(|alias| alias.to_string()).map_err(|problem| problem.code)
        };
        let (shop, bank) = (app("shop", None), app("bank", None));
        assert_eq!(found(&[], None).unwrap(), "local");
        assert_eq!(found(std::slice::from_ref(&shop), None).unwrap(), "shop");
        assert_eq!(found(std::slice::from_ref(&shop), Some("local")).unwrap(), "local");
        assert_eq!(found(&[shop.clone(), bank.clone()], None), Err(Code::AppNeeded));
        assert_eq!(found(&[shop.clone(), bank], Some("bank")).unwrap(), "bank");
        assert_eq!(found(&[shop], Some("ban")), Err(Code::UnknownApp));
    }

    #[test]
    fn a_name_that_one_user_has_needs_no_app() {
        assert_eq!(find(None, Some("ADAM@example.com")).as_deref(), Ok("shop/65b2"));
        assert_eq!(find(None, Some("bank/ada")).as_deref(), Ok("bank/65d4"));
        assert_eq!(find(Some("bank"), Some("Ada")).as_deref(), Ok("bank/65d4"));
        assert_eq!(find(None, Some("Ada")), Err(Code::AmbiguousUser));
        assert_eq!(find(Some("shop"), Some("65d4")), Err(Code::UnknownUser), "another app's user");
        assert_eq!(find(Some("shops"), Some("Ada")), Err(Code::UnknownApp));
        assert_eq!(find(None, None), Err(Code::AppNeeded));
    }

    #[test]
    fn without_a_name_it_is_the_apps_current_user() {
        assert_eq!(find(Some("shop"), None).as_deref(), Ok("shop/65b2"));
        assert_eq!(find(Some("bank"), None), Err(Code::NoCurrentUser));
    }
}
