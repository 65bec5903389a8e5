//! Users side by side: rows aligned by field.

use std::hash::{DefaultHasher, Hash, Hasher};

use bson::{Bson, Document};
use serde_json::Value;

use super::{claims, tree};
use crate::account::Claims;
use crate::data::ejson;
use crate::session::UserView;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// What the fields below are of.
    Heading(&'static str),
    /// A field with its value in each column; `None` where a column does not have it. Texts are from a server.
    Field {
        /// Its name.
        name: String,
        /// Its values.
        values: Vec<Option<String>>,
    },
}

impl Row {
    /// Whether the columns differ here.
    pub fn differs(&self) -> bool {
        match self {
            Self::Heading(_) => false,
            Self::Field { values, .. } => values.windows(2).any(|pair| pair[0] != pair[1]),
        }
    }
}

/// The rows of a comparison.
#[derive(Debug, Default)]
pub struct Table {
    /// The rows to show.
    pub rows: Vec<Row>,
    /// How many fields there are, shown or not.
    pub fields: usize,
    /// How many of them differ.
    pub differing: usize,
}

/// Fields that one column may have in a section; a hostile document could have thousands.
const MOST: usize = 500;

/// Fields by name, in their order.
type Fields = Vec<(String, String)>;

/// The title of a part, and what it shows of a user.
type Section = (&'static str, fn(&UserView) -> Fields);

/// What is compared, in the order of the screen.
const SECTIONS: [Section; 5] = [
    ("profile", profile),
    ("identities", identities),
    ("access token", |user| token(user.access.as_ref().map(|token| &token.claims))),
    ("refresh token", |user| token(user.refresh.as_ref().map(|token| &token.claims))),
    ("custom data", |user| custom_data(user.custom_data.as_ref())),
];

/// Aligns users by field. With `hide_equal`, what is the same for all of them is left out.
pub fn table(users: &[&UserView], hide_equal: bool) -> Table {
    let mut table = Table::default();
    for (title, fields_of) in SECTIONS {
        let columns: Vec<Fields> = users.iter().map(|user| fields_of(user)).collect();
        let aligned = align(&columns);
        table.fields += aligned.len();
        table.differing += aligned.iter().filter(|row| row.differs()).count();
        let mut shown = aligned.into_iter().filter(|row| !hide_equal || row.differs()).peekable();
        if shown.peek().is_some() {
            table.rows.push(Row::Heading(title));
            table.rows.extend(shown);
        }
    }
    table
}

/// One row a name: those of the first column in its order, then what only the others have.
fn align(columns: &[Fields]) -> Vec<Row> {
    let mut names: Vec<&str> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (name, _) in columns.iter().flatten() {
        if seen.insert(name.as_str()) {
            names.push(name);
        }
    }
    let by_name: Vec<std::collections::HashMap<&str, &str>> = columns
        .iter()
        .map(|fields| fields.iter().map(|(name, value)| (&**name, &**value)).collect())
        .collect();
    let row = |name: &str| Row::Field {
        name: name.to_owned(),
        values: by_name.iter().map(|fields| fields.get(name).map(|value| (*value).to_owned())).collect(),
    };
    names.into_iter().map(row).collect()
}

fn profile(user: &UserView) -> Fields {
    let Some(profile) = &user.profile else { return Fields::new() };
    let mut fields = vec![("id".to_owned(), user.key.id.as_str().to_owned())];
    if !profile.user_type.is_empty() {
        fields.push(("type".into(), profile.user_type.clone()));
    }
    flatten(&profile.data, &mut fields);
    fields
}

/// By provider, since that is what two users may have in common.
fn identities(user: &UserView) -> Fields {
    let mut fields = Fields::new();
    for identity in user.identities().iter().take(MOST) {
        let provider = identity.provider.short_name();
        let same = |name: &str| name == provider || name.starts_with(&format!("{provider} "));
        let name = match fields.iter().filter(|(name, _)| same(name)).count() {
            0 => provider.to_owned(),
            before => format!("{provider} {}", before + 1),
        };
        fields.push((name, identity.id.clone()));
    }
    fields
}

fn token(claims: Option<&Claims>) -> Fields {
    let mut fields = Fields::new();
    if let Some(claims) = claims {
        flatten(claims, &mut fields);
    }
    fields
}

fn flatten(claims: &Claims, fields: &mut Fields) {
    for (name, value) in claims.iter().filter(|(name, _)| *name != claims::CUSTOM_DATA) {
        flatten_value(name.clone(), name, value, fields);
    }
}

fn flatten_value(path: String, name: &str, value: &Value, fields: &mut Fields) {
    match value {
        _ if fields.len() >= MOST => {}
        Value::Object(inner) if !inner.is_empty() => {
            for (name, value) in inner {
                flatten_value(format!("{path}.{name}"), name, value, fields);
            }
        }
        value => fields.push((path, claims::text(name, value))),
    }
}

fn custom_data(document: Option<&Document>) -> Fields {
    let mut fields = Fields::new();
    if let Some(document) = document {
        flatten_document("", document, &mut fields);
    }
    fields
}

fn flatten_document(parent: &str, document: &Document, fields: &mut Fields) {
    for (name, value) in document {
        let path = if parent.is_empty() { name.clone() } else { format!("{parent}.{name}") };
        match value {
            _ if fields.len() >= MOST => {}
            Bson::Document(inner) if !inner.is_empty() => flatten_document(&path, inner, fields),
            // An array is told whole: what it holds has no names to be aligned by.
            value => fields.push((path, told(value))),
        }
    }
}

/// A value by a text that is another one for every other value. Of some numbers that is not enough without their type.
fn told(value: &Bson) -> String {
    let text = match value {
        Bson::Int64(_) | Bson::Decimal128(_) => {
            format!("{} ({})", tree::whole(value), tree::type_name(value))
        }
        value => tree::whole(value),
    };
    match text.chars().count() {
        0..tree::LONGEST => text,
        length => {
            let mut hasher = DefaultHasher::new();
            ejson::canonical(value).to_string().hash(&mut hasher);
            format!("{text}… ({length} characters or more, #{:08x})", hasher.finish() as u32)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn fields_are_aligned_by_name_and_differ_where_one_is_missing() {
        let rows = align(&[fields(&[("a", "1"), ("b", "2")]), fields(&[("c", "3"), ("b", "2")])]);
        let told: Vec<_> = rows
            .iter()
            .map(|row| match row {
                Row::Field { name, values } => (name.as_str(), values.clone(), row.differs()),
                Row::Heading(title) => (*title, vec![], false),
            })
            .collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                ("a", vec![some("1"), None], true),
                ("b", vec![some("2"), some("2")], false),
                ("c", vec![None, some("3")], true),
            ]
        );
    }

    #[test]
    fn nested_fields_have_paths_and_a_hostile_document_stays_small() {
        let document = bson::doc! { "a": { "b": { "c": 1 } }, "list": [1, "x"], "none": {} };
        assert_eq!(
            custom_data(Some(&document)),
            fields(&[("a.b.c", "1"), ("list", "[1,\"x\"]"), ("none", "{}")])
        );
        let many: Document = (0..5000).map(|n| (n.to_string(), Bson::Int32(n))).collect();
        assert_eq!(custom_data(Some(&many)).len(), MOST);
    }
}
