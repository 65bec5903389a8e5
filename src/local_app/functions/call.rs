//! A client's call of a function: whether it may, and on whose behalf the function runs (sections 8.1 and 11.5).

use bson::{Bson, Document, doc};

use super::input::{self, Caller};
use super::user_object;
use crate::data::Budget;
use crate::local_app::app::App;
use crate::local_app::config::{AppConfig, FunctionRules};
use crate::local_app::expression::{ExpressionError, Scope};
use crate::local_app::failure::Failure;
use crate::local_app::request::RequestFacts;

impl App {
    /// Calls the function `name` for a user; the arguments and the result are values as the wire has them.
    pub async fn call_function(
        &self,
        user_id: String,
        name: &str,
        arguments: Vec<Bson>,
        request: &RequestFacts,
    ) -> Result<Bson, Failure> {
        let config = self.config();
        let function = config.functions.get(name).filter(|function| !function.rules.private);
        let rules = &function.ok_or_else(|| Failure::FunctionNotFound(name.to_owned()))?.rules;
        let user = user_object::of_user(self, &config, user_id.clone()).await?;
        let user = user.ok_or(Failure::INVALID_SESSION)?;
        match may_evaluate(rules, &config, &user, request) {
            Ok(true) => {}
            Ok(false) => return Err(Failure::RuleNotMatched { function: name.to_owned(), problem: None }),
            Err(problem) => {
                return Err(Failure::RuleNotMatched { function: name.to_owned(), problem: Some(problem) });
            }
        }
        if let Some(id) = runs_as_user(rules) {
            self.check_exists(name, id).await?;
        }
        let caller = Caller { user, as_system: rules.run_as_system };
        let result =
            self.run_function(config.clone(), name, arguments, &caller, request, Some(&user_id)).await;
        Ok(result.inspect_err(|failure| self.tell_failure(name, failure, &[]))?)
    }

    /// Whom a function runs as decides which data it reaches. Functions reach none yet, so that all there is to hold to is
    /// that the user exists.
    async fn check_exists(&self, function: &str, user_id: &str) -> Result<(), Failure> {
        match self.store().user_record(user_id.to_owned()).await? {
            Some(_) => Ok(()),
            None => {
                Err(Failure::NoUserToRunAs { function: function.to_owned(), user_id: user_id.to_owned() })
            }
        }
    }
}

/// The user that a function always runs as, if there is one. The system goes before it.
fn runs_as_user(rules: &FunctionRules) -> Option<&str> {
    rules.run_as_user_id.as_deref().filter(|id| !rules.run_as_system && !id.is_empty())
}

/// What the expansions of a rule stand for.
pub fn expansions(config: &AppConfig, user: &Document, request: &RequestFacts) -> Document {
    doc! {
        "user": user_object::in_rules(user),
        "request": input::request(request),
        "values": input::values(config),
        "environment": input::environment(config),
    }
}

fn may_evaluate(
    rules: &FunctionRules,
    config: &AppConfig,
    user: &Document,
    request: &RequestFacts,
) -> Result<bool, ExpressionError> {
    // The system goes before it.
    if rules.run_as_script.is_some() && !rules.run_as_system {
        return Err(ExpressionError::Script);
    }
    let Some(expression) = &rules.can_evaluate else { return Ok(true) };
    let expansions = expansions(config, user, request);
    Scope::new(&expansions, &Budget::default()).holds(&input::bson_of(expression))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_sees_the_user_the_request_values_and_the_environment() {
        let mut config = AppConfig::default();
        config.values.insert("team".to_owned(), json!("red"));
        config.environment.tag = "testing".to_owned();
        let user = doc! {
            "id": "u", "type": "normal", "data": { "email": "a@example.com" }, "custom_data": { "team": "red" },
            "identities": [{ "id": "i", "provider_type": "local-userpass", "data": {} }],
        };
        let request = RequestFacts { method: "POST".to_owned(), ..RequestFacts::default() };
        for (expression, expected) in [
            (json!({}), Ok(true)),
            (json!(false), Ok(false)),
            (json!({ "%%user.identities": { "id": "i", "providerType": "local-userpass" } }), Ok(true)),
            (json!({ "%%user.data.email": "a@example.com", "%%request.httpMethod": "POST" }), Ok(true)),
            (json!({ "%%user.custom_data.team": "%%values.team" }), Ok(true)),
            (json!({ "%%environment.tag": "production" }), Ok(false)),
            (json!({ "%%user.id": { "%like": "u" } }), Err(ExpressionError::Operator("%like".to_owned()))),
        ] {
            let rules = FunctionRules { can_evaluate: Some(expression.clone()), ..FunctionRules::default() };
            assert_eq!(may_evaluate(&rules, &config, &user, &request), expected, "{expression}");
        }
    }
}
