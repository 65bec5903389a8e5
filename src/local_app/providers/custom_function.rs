//! `custom-function`: a function of the App says who somebody is (section 3.6).

use bson::Bson;
use serde_json::{Map, Value};

use super::{Payload, Provider, VerifiedIdentity};
use crate::data::ejson;
use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::request::RequestFacts;

/// Runs the authentication function with the payload, without what the client says of its device (whether the hosted
/// service left that out is unknown).
pub async fn verify(
    app: &App,
    payload: &Payload,
    request: &RequestFacts,
) -> Result<VerifiedIdentity, Failure> {
    let provider = Provider::CustomFunction;
    let config = app.config();
    let offer = config.providers.custom_function.enabled();
    let function = &offer.ok_or_else(|| Failure::ProviderNotFound(provider.name().to_owned()))?.function;
    let mut payload = payload.clone();
    payload.remove("options");
    let payload = ejson::parse(&Value::Object(payload))
        .map_err(|error| Failure::BadRequest(format!("the payload is no Extended JSON: {error}")))?;
    let returned =
        app.run_hook(function, vec![payload], request).await.map_err(|failure| failure.at_login())?;
    let (id, data) = identity_of(returned).ok_or_else(|| {
        Failure::AuthError(format!(
            "function '{function}' must return the user's id as a string, or an object {{id, name}} of strings"
        ))
    })?;
    Ok(VerifiedIdentity::given(provider, id, data))
}

/// Id and data in what the function returned: a string, or `{id, name?}`.
fn identity_of(returned: Bson) -> Option<(String, Map<String, Value>)> {
    let mut data = Map::new();
    let id = match returned {
        Bson::String(id) => id,
        Bson::Document(mut fields) => {
            match fields.remove("name") {
                Some(Bson::String(name)) => {
                    data.insert("name".to_owned(), Value::String(name));
                }
                Some(Bson::Null | Bson::Undefined) | None => {}
                Some(_) => return None,
            }
            match fields.remove("id")? {
                Bson::String(id) => id,
                _ => return None,
            }
        }
        _ => return None,
    };
    (!id.is_empty()).then_some((id, data))
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn an_id_is_a_string_or_comes_with_a_name() {
        let named = Map::from_iter([("name".to_owned(), Value::from("Ada"))]);
        let ada = |data: Map<String, Value>| Some(("ada".to_owned(), data));
        for (returned, expected) in [
            (Bson::from("ada"), ada(Map::new())),
            (doc! { "id": "ada" }.into(), ada(Map::new())),
            (doc! { "id": "ada", "name": Bson::Undefined }.into(), ada(Map::new())),
            (doc! { "id": "ada", "name": "Ada" }.into(), ada(named)),
            (doc! { "id": "ada", "name": 1 }.into(), None),
            (doc! { "id": 1 }.into(), None),
            (doc! { "name": "Ada" }.into(), None),
            (doc! { "id": "" }.into(), None),
            (Bson::from(""), None),
            (Bson::Int32(1), None),
            (Bson::Null, None),
            (Bson::Undefined, None),
            (Bson::from(vec!["ada"]), None),
        ] {
            assert_eq!(identity_of(returned.clone()), expected, "{returned}");
        }
    }
}
