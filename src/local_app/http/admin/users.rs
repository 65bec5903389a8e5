//! Users (section 14.3).
//!
//! Ours alone is `search=` of the list: only users whose id, email or name contains it. The shape of devices was never
//! documented: here each is its id, when it was seen, and what SDKs say of it, under their names.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::routing::{get, patch, post, put};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::{Context, Id, PAGE};
use crate::local_app::accounts::Password;
use crate::local_app::admin::VerifiedToken;
use crate::local_app::failure::Failure;
use crate::local_app::http::body::JsonObject;
use crate::local_app::http::path::Path;
use crate::local_app::http::user::IdentityBody;
use crate::local_app::providers::{Provider, required_text};
use crate::local_app::request::RequestFacts;
use crate::local_app::store::{KnownDevice, UserQuery, UserRecord};

/// The routes below an App's path.
pub fn routes() -> Router<Context> {
    Router::new()
        .route("/users", get(list).post(create))
        .route("/users_count", get(count))
        .route("/users/verify_token", post(verify_token))
        .route("/users/{id}", get(fetch).delete(delete))
        .route("/users/{id}/devices", get(devices))
        .route("/users/{id}/logout", put(revoke))
        .route("/users/{id}/enable", put(enable))
        .route("/users/{id}/disable", put(disable))
        .route("/users/{id}/reset_email", patch(reset_email))
}

/// A user on the wire; times are in seconds.
#[derive(Serialize)]
struct UserBody {
    _id: String,
    identities: Vec<IdentityBody>,
    r#type: String,
    creation_date: i64,
    /// 0: never.
    last_authentication_date: i64,
    disabled: bool,
    data: Map<String, Value>,
}

impl From<UserRecord> for UserBody {
    fn from(record: UserRecord) -> Self {
        let data = record.data();
        let UserRecord { user, identities } = record;
        Self {
            _id: user.id,
            identities: identities.into_iter().map(IdentityBody::from).collect(),
            r#type: user.kind,
            creation_date: user.created_at.as_second(),
            last_authentication_date: user.last_login_at.as_second(),
            disabled: user.disabled,
            data,
        }
    }
}

async fn list(
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<UserBody>>, Failure> {
    let page = context.app.users_page(parse(&query.unwrap_or_default())?).await?;
    Ok(Json(page.into_iter().map(UserBody::from).collect()))
}

async fn count(State(context): State<Context>) -> Result<Json<u64>, Failure> {
    Ok(Json(context.app.users_count().await?))
}

/// Reads the query of a list; realm-cli sends some of its parameters empty.
fn parse(query: &str) -> Result<UserQuery, Failure> {
    let mut parsed = UserQuery { limit: PAGE, ..UserQuery::default() };
    for (key, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
        let refused = || Err(Failure::BadRequest(format!("the users cannot be listed by {key}={value}")));
        match (key.as_ref(), value.as_ref()) {
            ("after", id) => parsed.after = Some(id.to_owned()),
            ("desc", "true") => parsed.descending = true,
            ("sort", "_id") | ("desc", "false") => {}
            ("status", "enabled") => parsed.disabled = Some(false),
            ("status", "disabled") => parsed.disabled = Some(true),
            ("provider_types", names) => {
                let named: Option<_> =
                    names.split(',').map(|name| Provider::named(name).map(Provider::name)).collect();
                match named {
                    Some(names) => parsed.providers = Some(names),
                    None => return refused(),
                }
            }
            ("search", text) => parsed.search = Some(text.to_owned()),
            ("sort" | "desc" | "status", _) => return refused(),
            _ => {}
        }
    }
    Ok(parsed)
}

async fn create(
    State(context): State<Context>,
    request: RequestFacts,
    JsonObject(body): JsonObject,
) -> Result<(StatusCode, Json<UserBody>), Failure> {
    let email = required_text(&body, "email")?.to_owned();
    let password = Password::new(required_text(&body, "password")?.to_owned());
    let user = context.app.create_user(email, password, &request).await?;
    Ok((StatusCode::CREATED, Json(user.into())))
}

async fn fetch(State(context): State<Context>, Path(Id { id }): Path<Id>) -> Result<Json<UserBody>, Failure> {
    Ok(Json(context.app.user_record(id).await?.into()))
}

async fn delete(State(context): State<Context>, Path(Id { id }): Path<Id>) -> Result<StatusCode, Failure> {
    context.app.remove_user(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn revoke(State(context): State<Context>, Path(Id { id }): Path<Id>) -> Result<StatusCode, Failure> {
    context.app.revoke_sessions(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn enable(State(context): State<Context>, Path(Id { id }): Path<Id>) -> Result<StatusCode, Failure> {
    context.app.set_disabled(id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn disable(State(context): State<Context>, Path(Id { id }): Path<Id>) -> Result<StatusCode, Failure> {
    context.app.set_disabled(id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn reset_email(
    State(context): State<Context>,
    Path(Id { id }): Path<Id>,
    JsonObject(body): JsonObject,
) -> Result<StatusCode, Failure> {
    let email = required_text(&body, "email")?.to_owned();
    context.app.reset_email(id, email).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn devices(
    State(context): State<Context>,
    Path(Id { id }): Path<Id>,
) -> Result<Json<Vec<Value>>, Failure> {
    let body = |KnownDevice { id, facts, first_seen_at, last_seen_at }| {
        let mut body = json!({
            "_id": id,
            "first_seen": first_seen_at.as_second(),
            "last_seen": last_seen_at.as_second(),
        });
        if let Some(body) = body.as_object_mut() {
            body.extend(facts);
        }
        body
    };
    Ok(Json(context.app.devices_of(id).await?.into_iter().map(body).collect()))
}

async fn verify_token(
    State(context): State<Context>,
    JsonObject(body): JsonObject,
) -> Result<Json<Value>, Failure> {
    let verified = context.app.verify_token(required_text(&body, "token")?).await?;
    let VerifiedToken::Valid { claims, data } = verified else { return Ok(Json(json!("token expired"))) };
    let claim = |name: &str| claims.get(name).cloned().unwrap_or_default();
    let mut answer = json!({
        "sub": claim("sub"),
        "exp": claim("exp"),
        "iat": claim("iat"),
        "iss": claim("iss"),
        "domain_id": claim("baas_domain_id"),
        "device_id": claim("baas_device_id"),
        "data": data,
    });
    if let Some(document) = claims.get("user_data") {
        answer["custom_user_data"] = document.clone();
    }
    Ok(Json(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_list_is_asked_for_is_understood_or_refused() {
        let all = parse("after=&status=&provider_types=&unknown=1").unwrap();
        assert!(all.after.is_none() && all.disabled.is_none() && all.providers.is_none() && !all.descending);
        let some = parse(
            "after=5f&sort=_id&desc=true&status=disabled&provider_types=anon-user,api-key&search=a%40b",
        )
        .unwrap();
        assert_eq!(some.after.as_deref(), Some("5f"));
        assert!(some.descending);
        assert_eq!(some.disabled, Some(true));
        assert_eq!(some.providers, Some(vec!["anon-user", "api-key"]));
        assert_eq!(some.search.as_deref(), Some("a@b"));
        for bad in ["sort=name", "desc=1", "status=gone", "provider_types=nobody", "provider_types=api-key,"]
        {
            assert!(matches!(parse(bad), Err(Failure::BadRequest(_))), "{bad}");
        }
    }
}
