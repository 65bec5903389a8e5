//! The Admin API, `/api/admin/v3.0`: the part of it that looks after users (section 14).

mod custom_user_data;
mod keys;
mod pending;
mod providers;
mod security;
mod session;
mod users;

use axum::extract::{FromRequestParts, RawQuery, Request, State};
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::Context;
use super::authorization::bearer;
use super::control::is_from_this_machine;
use super::path::Path;
use crate::local_app::admin::AdminGrant;
use crate::local_app::failure::Failure;

/// Entries of a page (section 14.3).
const PAGE: u32 = 50;
/// What an App of ours is a product of (section 17.1).
const PRODUCT: &str = "standard";

/// The `{id}` of a path, whatever else it names.
#[derive(Deserialize)]
struct Id {
    id: String,
}

/// The routes below `/api/admin/v3.0`.
pub fn routes(context: &Context) -> Router<Context> {
    let of_app = Router::new()
        .merge(users::routes())
        .merge(pending::routes())
        .merge(keys::routes())
        .merge(providers::routes())
        .merge(custom_user_data::routes())
        .merge(security::routes())
        .route_layer(from_fn_with_state(context.clone(), only_this_app));
    let for_admins = Router::new()
        .route("/auth/profile", get(session::profile))
        .route("/groups/{group}/apps", get(apps))
        .nest("/groups/{group}/apps/{internal_id}", of_app)
        .route_layer(from_fn_with_state(context.clone(), admins_only));
    session::routes().merge(for_admins).route_layer(from_fn_with_state(context.clone(), reachable))
}

/// From where the Admin API can be reached: from this machine, and from wherever the App can be if that was asked for.
/// This is the one place that decides it.
async fn reachable(State(context): State<Context>, request: Request, next: Next) -> Response {
    let is_local = is_from_this_machine(request.headers(), request.extensions(), &context);
    if context.network.allow_remote || is_local {
        next.run(request).await
    } else {
        Failure::Forbidden("the Admin API answers on this machine only").into_response()
    }
}

/// Lets a request through that has an admin's access token.
async fn admins_only(State(context): State<Context>, mut request: Request, next: Next) -> Response {
    let grant = match bearer(request.headers()) {
        Ok(Some(token)) => context.app.admin_grant(token).await,
        Ok(None) => Err(Failure::NoAccessToken),
        Err(failure) => Err(failure),
    };
    match grant {
        Ok(grant) => {
            request.extensions_mut().insert(grant);
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    }
}

/// The path names the App by its project and its internal id.
async fn only_this_app(
    State(context): State<Context>,
    Path(AppPath { group, internal_id }): Path<AppPath>,
    request: Request,
    next: Next,
) -> Response {
    let facts = context.app.facts();
    if group != facts.group_id {
        Failure::NotFound("group not found".to_owned()).into_response()
    } else if internal_id != facts.internal_id {
        Failure::NotFound("app not found".to_owned()).into_response()
    } else {
        next.run(request).await
    }
}

#[derive(Deserialize)]
struct AppPath {
    group: String,
    internal_id: String,
}

/// A parameter of a query; an empty one is none.
fn query_value(query: Option<&str>, key: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find(|(name, value)| name == key && !value.is_empty()).map(|(_, value)| value.into_owned())
}

/// Who asks; there where [`admins_only`] let the request through.
struct Admin(AdminGrant);

impl FromRequestParts<Context> for Admin {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Failure> {
        let Extension(grant) = Extension::<AdminGrant>::from_request_parts(parts, context)
            .await
            .map_err(|_| Failure::internal("an admin route outside of the guard"))?;
        Ok(Self(grant))
    }
}

/// An App on the wire (section 14.2).
#[derive(Serialize)]
struct AppBody {
    _id: String,
    client_app_id: String,
    name: String,
    location: &'static str,
    deployment_model: &'static str,
    domain_id: String,
    group_id: String,
    last_used: i64,
    last_modified: i64,
    product: &'static str,
    environment: String,
}

async fn apps(
    State(context): State<Context>,
    Path(group): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<AppBody>>, Failure> {
    let facts = context.app.facts();
    if group != facts.group_id {
        return Err(Failure::NotFound("group not found".to_owned()));
    }
    // realm-cli asks for the Apps of each product and adds the answers up.
    if query_value(query.as_deref(), "product").is_some_and(|product| product != PRODUCT) {
        return Ok(Json(Vec::new()));
    }
    let client_app_id = facts.app_id.to_string();
    let name = client_app_id.rsplit_once('-').map_or(client_app_id.as_str(), |(name, _)| name).to_owned();
    // When it was used is not kept; it is used now.
    let now = context.app.now().as_second();
    Ok(Json(vec![AppBody {
        _id: facts.internal_id.clone(),
        name,
        client_app_id,
        location: "US-VA",
        deployment_model: "LOCAL",
        domain_id: facts.domain_id.clone(),
        group_id: facts.group_id.clone(),
        last_used: now,
        last_modified: now,
        product: PRODUCT,
        environment: context.app.config().environment.tag.clone(),
    }]))
}
