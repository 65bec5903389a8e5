//! `functions/` (section 11.5).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::data_rules::unjudged;
use super::error::ConfigError;
use super::fields::Fields;
use super::source::Source;
use super::{CUSTOM_USER_DATA, FUNCTIONS, PROVIDERS};
use crate::local_app::config::{AppConfig, Confirmation, Function, FunctionRules, PasswordReset};
use crate::local_app::expression::{Place, check};
use crate::local_app::functions::bson_of;

/// Reads the sources and their manifest; a source that the manifest does not have gets the defaults.
pub fn read(source: &mut Source<'_>) -> Result<BTreeMap<String, Function>, ConfigError> {
    let mut functions = older_layout(source)?;
    for (path, name) in source.below("functions", ".js") {
        // In the older layout a function is a folder, and its source was read with it.
        if source.is_taken(path) {
            continue;
        }
        if let Some(text) = source.text(path) {
            functions.insert(name.to_owned(), Function::new(text));
        }
    }
    let entries = match source.json(FUNCTIONS)? {
        None => Vec::new(),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(ConfigError::field(FUNCTIONS, "", "expected a list of functions")),
    };
    let mut seen = BTreeSet::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let mut fields = Fields::of(FUNCTIONS.to_owned(), format!("[{index}]"), entry)?;
        let name = fields.required("name")?;
        let rules = rules(source, &name, &mut fields)?;
        match functions.get_mut(&name) {
            None => return Err(fields.error("name", "expected the path of a file in functions, without .js")),
            Some(_) if !seen.insert(name) => {
                return Err(fields.error("name", "expected another name; an earlier entry has this one"));
            }
            Some(function) => function.rules = rules,
        }
        source.done(fields);
    }
    Ok(functions)
}

/// `functions/<name>/{config.json, source.js}`: without its rules a private function would be open to everybody.
fn older_layout(source: &mut Source<'_>) -> Result<BTreeMap<String, Function>, ConfigError> {
    let mut functions = BTreeMap::new();
    for (path, name) in source.below("functions", "/config.json") {
        let Some(text) = source.text(&format!("functions/{name}/source.js")) else { continue };
        let Some(mut fields) = source.object(path)? else { continue };
        let name = fields.filled("name")?.unwrap_or_else(|| name.to_owned());
        let rules = rules(source, &name, &mut fields)?;
        functions.insert(name, Function { source: text.to_owned(), rules });
        source.done(fields);
    }
    Ok(functions)
}

fn rules(source: &mut Source<'_>, name: &str, fields: &mut Fields) -> Result<FunctionRules, ConfigError> {
    fields.pass_over(&["id", "_id"]);
    // An empty script is none; one that is there decides as whom the function runs, and is not run here.
    let script = fields.filled("run_as_user_id_script_source")?;
    if script.is_some() {
        fields.without_effect("run_as_user_id_script_source");
    }
    let can_evaluate = match fields.value("can_evaluate") {
        Some(Value::Object(rule)) if rule.is_empty() => None,
        Some(rule @ (Value::Object(_) | Value::Bool(_))) => {
            if let Err(problem) = check(&bson_of(&rule), Place::Call) {
                let because =
                    unjudged(&format!("of the function '{name}'"), &rule, &problem, "no client may call it");
                source.denied(fields.file(), &fields.path("can_evaluate"), &because);
            }
            Some(rule)
        }
        Some(_) => {
            return Err(fields.error("can_evaluate", "expected a rule expression: an object, true or false"));
        }
        None => None,
    };
    let run_as_system = fields.flag("run_as_system")?;
    Ok(FunctionRules {
        private: fields.flag("private")?,
        can_evaluate,
        run_as_script: script,
        run_as_system,
        run_as_user_id: fields.filled("run_as_user_id")?,
        disable_arg_logs: fields.flag("disable_arg_logs")?,
    })
}

/// Whether the functions are there that logging in depends on.
pub fn check_hooks(config: &AppConfig) -> Result<(), ConfigError> {
    let providers = &config.providers;
    let userpass = providers.local_userpass.enabled();
    let confirmation = userpass.and_then(|userpass| match &userpass.confirmation {
        Confirmation::Function(name) => Some(name),
        Confirmation::Automatic | Confirmation::Mail(_) => None,
    });
    let reset = userpass.and_then(|userpass| match &userpass.reset {
        PasswordReset::Function(name) => Some(name),
        PasswordReset::Mail(_) => None,
    });
    let custom = providers.custom_function.enabled().map(|custom| &custom.function);
    let creation = config.custom_user_data.on_user_creation_function.as_ref();
    for (file, field, name) in [
        (PROVIDERS, "local-userpass.config.confirmationFunctionName", confirmation),
        (PROVIDERS, "local-userpass.config.resetFunctionName", reset),
        (PROVIDERS, "custom-function.config.authFunctionName", custom),
        (CUSTOM_USER_DATA, "on_user_creation_function_name", creation),
    ] {
        if name.is_some_and(|name| !config.functions.contains_key(name)) {
            return Err(ConfigError::field(file, field, "expected the name of a function of this App"));
        }
    }
    Ok(())
}
