//! Finds the user that a person means. Commands, plain mode and `--as` all ask here, so that the same words always mean the
//! same user.

use std::sync::Arc;

use super::snapshot::{Snapshot, UserView};
use crate::account::AppAlias;

/// No user, or more than one, is meant.
#[derive(Debug, Clone)]
pub enum FindError {
    /// No user goes by that name.
    Unknown,
    /// Several users do.
    Ambiguous(Vec<Arc<UserView>>),
}

/// How well a name fits, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is the whole id.
    Id,
    /// It is the whole label or e-mail address, exactly.
    Name,
    /// The same, in other letter case.
    FoldedName,
    /// It is the beginning of the label or the e-mail address, or the beginning or the end of the id.
    Part,
}

/// The user whom `who` names: label, e-mail address (in any letter case), id, or a beginning of one of them that no other user
/// has; the end of an id too, which labels show. Of several the best fit counts: a whole id goes before everything else.
/// `app/who` asks in that app alone, as does `app`, if it is given.
///
/// # Errors
/// When no user fits, or several fit equally well.
pub fn find_user(snapshot: &Snapshot, app: Option<&AppAlias>, who: &str) -> Result<Arc<UserView>, FindError> {
    match best(snapshot, app, who) {
        Err(FindError::Unknown) => {
            let in_app = who.split_once('/').filter(|(name, _)| app.is_none_or(|app| app.as_str() == *name));
            let in_app = in_app.and_then(|(name, who)| {
                let known = snapshot.apps.iter().find(|known| known.alias.as_str() == name)?;
                Some((&known.alias, who))
            });
            in_app.map_or(Err(FindError::Unknown), |(app, who)| best(snapshot, Some(app), who))
        }
        found => found,
    }
}

/// The only one of the users that fit best.
fn best(snapshot: &Snapshot, app: Option<&AppAlias>, who: &str) -> Result<Arc<UserView>, FindError> {
    let who = who.trim();
    let users = snapshot.users.iter().filter(|user| app.is_none_or(|app| user.key.app == *app));
    let fits: Vec<_> = users.filter_map(|user| Some((fit(user, who)?, user))).collect();
    let Some(best) = fits.iter().map(|(fit, _)| *fit).min() else { return Err(FindError::Unknown) };
    let mut meant = fits.into_iter().filter(|(fit, _)| *fit == best).map(|(_, user)| Arc::clone(user));
    match (meant.next(), meant.next()) {
        (Some(only), None) => Ok(only),
        (first, second) => Err(FindError::Ambiguous(first.into_iter().chain(second).chain(meant).collect())),
    }
}

fn fit(user: &UserView, who: &str) -> Option<Fit> {
    let id = user.key.id.as_str();
    // A label such as `anonymous …1f2e3d` shows the end of an id.
    let end = who.strip_prefix('…').or_else(|| who.strip_prefix("...")).unwrap_or(who);
    if end.is_empty() {
        return None;
    }
    if id == who {
        return Some(Fit::Id);
    }
    let names = || [Some(user.label.as_str()), user.email()].into_iter().flatten();
    if names().any(|name| name == who) {
        return Some(Fit::Name);
    }
    let folded = who.to_lowercase();
    if names().any(|name| name.to_lowercase() == folded) {
        return Some(Fit::FoldedName);
    }
    let is_part = names().any(|name| name.to_lowercase().starts_with(&folded))
        || id.starts_with(&folded)
        || id.ends_with(&end.to_lowercase());
    is_part.then_some(Fit::Part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Profile, Provider, SessionState, UserId, UserKey};
    use crate::session::AppView;

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

    fn snapshot() -> Snapshot {
        let app = |name: &str| AppView {
            stands_at: None,
            alias: AppAlias::new(name),
            client_app_id: String::new(),
            base_url: None,
            current: None,
            skew: None,
            custom_data: Default::default(),
            kept: true,
            other_host: None,
            local: None,
        };
        Snapshot {
            apps: vec![app("shop"), app("bank")],
            users: [
                user("shop", "65a1", "Ada", Some("Ada@Example.com")),
                user("shop", "65b2", "adam@example.com", Some("adam@example.com")),
                user("shop", "65c3", "anonymous …65c3", None),
                user("shop", "65d4", "65a1", None),
                user("shop", "65e5", "bank/Ada", None),
                user("bank", "65f6", "Ada", None),
                user("bank", "65f7", "ADA", None),
            ]
            .into_iter()
            .collect(),
            ..Snapshot::default()
        }
    }

    fn find(app: Option<&str>, who: &str) -> Result<String, usize> {
        let app = app.map(AppAlias::new);
        find_user(&snapshot(), app.as_ref(), who).map(|user| user.key.to_string()).map_err(
            |error| match error {
                FindError::Unknown => 0,
                FindError::Ambiguous(users) => users.len(),
            },
        )
    }

    /// Commands and plain mode each had a finder of their own, which knew different names.
    #[test]
    fn a_user_goes_by_every_name_that_is_shown() {
        for (app, who, id) in [
            (Some("shop"), "Ada", "shop/65a1"),
            (Some("shop"), "ada", "shop/65a1"),
            (None, "ada@example.com", "shop/65a1"),
            (None, "ADAM@", "shop/65b2"),
            (None, "anonymous …65c3", "shop/65c3"),
            (None, "…c3", "shop/65c3"),
            (None, "...c3", "shop/65c3"),
            (None, "c3", "shop/65c3"),
            (None, "65C", "shop/65c3"),
            // An exact id wins over a label that is the same.
            (None, "65a1", "shop/65a1"),
            // A whole name, exactly, wins over one in other letter case.
            (Some("bank"), "Ada", "bank/65f6"),
            (None, "bank/65f7", "bank/65f7"),
            // What is called so wins over what the slash could mean.
            (None, "bank/Ada", "shop/65e5"),
            (None, "shop/adam", "shop/65b2"),
            (Some("shop"), "shop/adam", "shop/65b2"),
        ] {
            assert_eq!(find(app, who).as_deref(), Ok(id), "{who}");
        }
    }

    #[test]
    fn what_fits_nobody_or_several_is_refused() {
        assert_eq!(find(None, "Ada"), Err(2));
        assert_eq!(find(Some("shop"), "65"), Err(5));
        assert_eq!(find(Some("bank"), "ada"), Err(2));
        for unknown in ["", " ", "…", "...", "nobody", "bank/adam", "nowhere/Ada"] {
            assert_eq!(find(None, unknown), Err(0), "{unknown:?}");
        }
        assert_eq!(find(Some("bank"), "shop/adam"), Err(0), "--app says otherwise");
    }
}
