//! What the Identities pane lists.

use crate::session::UserView;

/// One row of the pane. Texts are from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// An identity.
    Identity {
        /// Its place in the order of addition, from 1.
        number: usize,
        /// Its provider.
        provider: String,
        /// Its id within the provider.
        id: String,
    },
    /// A heading.
    Heading(&'static str),
    /// A piece of the profile.
    Data {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
}

impl Row {
    /// What a copy of the row is, and what it is called.
    pub fn copied(&self) -> Option<(String, String)> {
        match self {
            Self::Identity { id, provider, .. } => Some((id.clone(), format!("the {provider} identity id"))),
            Self::Heading(_) => None,
            Self::Data { name, value } => Some((value.clone(), format!("the profile's {name}"))),
        }
    }
}

/// Rows that a profile may take.
const MOST: usize = 500;

/// The identities in order of addition, then what the profile says.
pub fn rows(user: &UserView) -> Vec<Row> {
    let Some(profile) = &user.profile else { return Vec::new() };
    let mut rows: Vec<Row> = profile
        .identities
        .iter()
        .enumerate()
        .map(|(at, identity)| Row::Identity {
            number: at + 1,
            provider: identity.provider.short_name().to_owned(),
            id: identity.id.clone(),
        })
        .collect();
    rows.push(Row::Heading("profile"));
    if !profile.user_type.is_empty() {
        rows.push(Row::Data { name: "type".into(), value: profile.user_type.clone() });
    }
    rows.extend(profile.data.iter().map(|(name, value)| Row::Data {
        name: name.clone(),
        value: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }));
    rows.truncate(MOST);
    rows
}
