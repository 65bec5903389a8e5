//! What the Session pane lists.

use jiff::Timestamp;

use super::claims::{self, ClaimRow};
use crate::account::Lifetime;
use crate::session::{TokenView, UserView};
use crate::tui::keymap::Keymap;
use crate::tui::words::Tone;
use crate::tui::{text, words};

/// One row of the pane. Texts are from a server.
#[derive(Debug, Clone, PartialEq)]
pub enum Row<'a> {
    /// A line of the sentence on the state; the first has the state's glyph.
    State {
        /// How it stands.
        tone: Tone,
        /// The state's glyph, or nothing.
        glyph: &'static str,
        /// The words.
        text: String,
    },
    /// A name and its value.
    Field {
        /// The name.
        name: &'static str,
        /// The value.
        value: String,
    },
    /// How much of a life is left.
    Gauge {
        /// What lives.
        name: &'static str,
        /// How long.
        life: Lifetime,
    },
    /// A heading.
    Heading(&'static str),
    /// A claim.
    Claim(&'a ClaimRow),
}

impl Row<'_> {
    /// What a copy of the row is, and what it is called.
    pub fn copied(self) -> Option<(String, String)> {
        match self {
            Self::State { text, .. } => Some((text, "the state".into())),
            Self::Field { name: "user", value } => Some((value, "the user id".into())),
            Self::Field { name: "", value } => Some((value, "the expiry".into())),
            Self::Field { name, value } => Some((value, format!("the {name}"))),
            Self::Gauge { name, life } => Some((life.expires.to_string(), format!("the {name} expiry"))),
            Self::Heading(_) => None,
            Self::Claim(claim) => {
                Some((claim.raw().to_owned(), format!("the claim {}", claim.name.trim_start())))
            }
        }
    }
}

/// The claims of both tokens, computed once for each new state of the user.
#[derive(Debug, Default)]
pub struct TokenClaims {
    access: Vec<ClaimRow>,
    refresh: Vec<ClaimRow>,
}

impl TokenClaims {
    /// The claims of a user's tokens.
    pub fn of(user: &UserView) -> Self {
        let rows = |token: &Option<TokenView>| {
            token.as_ref().map(|token| claims::rows(&token.claims)).unwrap_or_default()
        };
        Self { access: rows(&user.access), refresh: rows(&user.refresh) }
    }
}

/// All rows, for a pane of `columns` columns.
pub fn rows<'a>(
    user: &UserView,
    claims: &'a TokenClaims,
    keymap: &Keymap,
    now: Timestamp,
    columns: usize,
) -> Vec<Row<'a>> {
    let (tone, glyph, _) = words::state(&user.state);
    let sentence = text::inert(&words::state_sentence(user, keymap, now)).into_owned();
    let mut rows: Vec<Row<'_>> = text::wrap(&sentence, columns.saturating_sub(2))
        .into_iter()
        .enumerate()
        .map(|(line, text)| Row::State { tone, glyph: if line == 0 { glyph } else { "" }, text })
        .collect();
    rows.push(Row::Field { name: "user", value: user.key.id.as_str().to_owned() });
    token("access", user.access.as_ref(), &mut rows);
    token("refresh", user.refresh.as_ref(), &mut rows);
    rows.push(Row::Field { name: "renewal", value: words::last_refresh(user) });
    for (heading, claims) in [("access token", &claims.access), ("refresh token", &claims.refresh)] {
        if !claims.is_empty() {
            rows.push(Row::Heading(heading));
            rows.extend(claims.iter().map(Row::Claim));
        }
    }
    rows
}

fn token(name: &'static str, token: Option<&TokenView>, rows: &mut Vec<Row<'_>>) {
    match token {
        None => rows.push(Row::Field { name, value: "no token".into() }),
        Some(TokenView { fingerprint, lifetime: None, .. }) => {
            rows.push(Row::Field { name, value: format!("#{fingerprint}, says no expiry") });
        }
        Some(TokenView { fingerprint, lifetime: Some(life), .. }) => {
            rows.push(Row::Gauge { name, life: *life });
            let value = format!("{} #{fingerprint}", words::moment(life.expires));
            rows.push(Row::Field { name: "", value });
        }
    }
}
