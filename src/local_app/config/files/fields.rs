//! An object in a file, taken apart field by field. It knows where it stands, and what nobody asked for.

use serde_json::{Map, Value};

use super::error::ConfigError;

/// The fields of an object that nobody has taken yet.
#[derive(Default)]
pub struct Fields {
    file: String,
    /// The way to the object; empty for that of the file.
    path: String,
    fields: Map<String, Value>,
    /// Ways to fields that were looked at and have no effect.
    without_effect: Vec<String>,
}

impl Fields {
    /// The object that a file is.
    pub fn of_file(file: &str, value: Value) -> Result<Self, ConfigError> {
        Self::of(file.to_owned(), String::new(), value)
    }

    /// The object at `path` in a file.
    pub fn of(file: String, path: String, value: Value) -> Result<Self, ConfigError> {
        match value {
            Value::Object(fields) => Ok(Self { file, path, fields, without_effect: Vec::new() }),
            other => Err(wrong(&file, &path, "an object", &other)),
        }
    }

    /// The file that it is in.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The way to a field, for people.
    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Says that a field is not as it should be.
    pub fn error(&self, name: &str, expected: impl Into<String>) -> ConfigError {
        ConfigError::field(&self.file, &self.path(name), expected)
    }

    fn wrong(&self, name: &str, expected: &str, found: &Value) -> ConfigError {
        wrong(&self.file, &self.path(name), expected, found)
    }

    /// A value; null is none.
    pub fn value(&mut self, name: &str) -> Option<Value> {
        self.fields.shift_remove(name).filter(|value| !value.is_null())
    }

    /// Puts a value back, to be looked at in another way.
    pub fn restore(&mut self, name: &str, value: Value) {
        self.fields.insert(name.to_owned(), value);
    }

    /// The way to the object; empty for that of the file.
    pub fn way(&self) -> &str {
        &self.path
    }

    /// All that is left.
    pub fn take_all(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.fields)
    }

    /// Passes over fields that say nothing about the App's behaviour, such as ids of the hosted service.
    pub fn pass_over(&mut self, names: &[&str]) {
        for name in names {
            self.fields.shift_remove(*name);
        }
    }

    /// Says that a field has no effect, though something asked for it.
    pub fn without_effect(&mut self, name: &str) {
        let path = self.path(name);
        self.without_effect.push(path);
    }

    /// True or false; false if it is not there.
    pub fn flag(&mut self, name: &str) -> Result<bool, ConfigError> {
        match self.value(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(self.wrong(name, "true or false", &other)),
        }
    }

    /// A text.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, ConfigError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, "a text", &other)),
        }
    }

    /// A text that says something; the export format has `""` where nothing is set.
    pub fn filled(&mut self, name: &str) -> Result<Option<String>, ConfigError> {
        Ok(self.text(name)?.filter(|text| !text.is_empty()))
    }

    /// A text that has to be there and to say something.
    pub fn required(&mut self, name: &str) -> Result<String, ConfigError> {
        self.filled(name)?.ok_or_else(|| self.error(name, "expected a text, found nothing"))
    }

    /// A text that has to be there if `needed`; empty if it need not and is not.
    pub fn required_if(&mut self, needed: bool, name: &str) -> Result<String, ConfigError> {
        if needed { self.required(name) } else { Ok(self.text(name)?.unwrap_or_default()) }
    }

    /// A list of texts; empty if it is not there.
    pub fn texts(&mut self, name: &str) -> Result<Vec<String>, ConfigError> {
        self.list(name)?
            .into_iter()
            .enumerate()
            .map(|(index, item)| match item {
                Value::String(text) => Ok(text),
                other => Err(self.wrong(&format!("{name}[{index}]"), "a text", &other)),
            })
            .collect()
    }

    fn list(&mut self, name: &str) -> Result<Vec<Value>, ConfigError> {
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items),
            Some(other) => Err(self.wrong(name, "a list", &other)),
        }
    }

    /// A list of objects; empty if it is not there.
    pub fn objects(&mut self, name: &str) -> Result<Vec<Self>, ConfigError> {
        let items = self.list(name)?.into_iter().enumerate();
        items
            .map(|(index, item)| Self::of(self.file.clone(), self.path(&format!("{name}[{index}]")), item))
            .collect()
    }

    /// An object.
    pub fn object(&mut self, name: &str) -> Result<Option<Self>, ConfigError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        Self::of(self.file.clone(), self.path(name), value).map(Some)
    }

    /// An object; an empty one if it is not there.
    pub fn object_or_empty(&mut self, name: &str) -> Result<Self, ConfigError> {
        let empty = Self { file: self.file.clone(), path: self.path(name), ..Self::default() };
        Ok(self.object(name)?.unwrap_or(empty))
    }

    /// The names of what is left.
    pub fn names(&self) -> Vec<String> {
        self.fields.keys().cloned().collect()
    }

    /// Takes over what is left of an object inside this one.
    pub fn absorb(&mut self, inner: Self) {
        let (_, left) = inner.left();
        self.without_effect.extend(left);
    }

    /// The file, and the ways to all fields without effect.
    pub fn left(mut self) -> (String, Vec<String>) {
        for name in self.fields.keys() {
            let path = self.path(name);
            self.without_effect.push(path);
        }
        (self.file, self.without_effect)
    }

    /// Refuses what is left: in a file of our own, it is a mistake.
    pub fn refuse_rest(self, known: &str) -> Result<(), ConfigError> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(name) => Err(self.error(name, format!("there is no such field; there are {known}"))),
        }
    }
}

fn wrong(file: &str, path: &str, expected: &str, found: &Value) -> ConfigError {
    let found = match found {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    ConfigError::field(file, path, format!("expected {expected}, found {found}"))
}
