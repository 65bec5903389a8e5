//! `[keys]`: other keys for actions. The names are read here, what they mean is known where keys are pressed.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use toml::Spanned;

/// Other keys for actions, in the order of their places in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeysConfig {
    /// The settings.
    pub settings: Vec<KeySetting>,
}

/// Other keys for an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySetting {
    /// The line that it stands in.
    pub line: usize,
    /// The place that it is for; all places, if it names none.
    pub place: Option<String>,
    /// The action.
    pub action: String,
    /// The keys.
    pub keys: Vec<String>,
    at: usize,
}

impl KeysConfig {
    /// Says in which line of `text` each setting stands.
    pub(super) fn locate(&mut self, text: &str) {
        for setting in &mut self.settings {
            let before = text.as_bytes().iter().take(setting.at);
            setting.line = 1 + before.filter(|byte| **byte == b'\n').count();
        }
        self.settings.sort_by_key(|setting| setting.at);
    }
}

impl<'de> Deserialize<'de> for KeysConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut settings = Vec::new();
        for (name, entry) in deserializer.deserialize_map(Entries)? {
            let at = entry.span().start;
            match entry.into_inner() {
                Entry::Keys(keys) => {
                    settings.push(KeySetting { line: 0, place: None, action: name, keys, at });
                }
                Entry::Place(entries) => {
                    for (action, entry) in entries {
                        let at = entry.span().start;
                        let Entry::Keys(keys) = entry.into_inner() else {
                            let error = format!("[keys.{name}] has keys for actions, and nothing below them");
                            return Err(serde::de::Error::custom(error));
                        };
                        let place = Some(name.clone());
                        settings.push(KeySetting { line: 0, place, action, keys, at });
                    }
                }
            }
        }
        Ok(Self { settings })
    }
}

/// What may stand under `[keys]`.
enum Entry {
    /// A key, or some.
    Keys(Vec<String>),
    /// Settings for one place.
    Place(Vec<(String, Spanned<Entry>)>),
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(String, Spanned<Entry>)>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("actions with their keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a key such as \"ctrl-r\", or a list of keys")
    }

    fn visit_str<E>(self, key: &str) -> Result<Entry, E> {
        Ok(Entry::Keys(vec![key.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entry, A::Error> {
        let mut keys = Vec::new();
        while let Some(key) = seq.next_element()? {
            keys.push(key);
        }
        Ok(Entry::Keys(keys))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
        Entries.visit_map(map).map(Entry::Place)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}
