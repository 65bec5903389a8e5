//! The control API, `/api/control/v1`: what a person does to a local App that no production server lets anybody do.
//!
//! It answers on loopback only, and only to whoever has the control token, which is made at each start.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::Context;
use super::authorization::bearer;
use super::forwarded::is_forwarded;
use super::public_url::origin_of;
use crate::local_app::config::Availability;
use crate::local_app::failure::Failure;
use crate::local_app::providers::Provider;

/// The bearer of the control token, on this machine.
pub struct ControlGrant;

impl FromRequestParts<Context> for ControlGrant {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Failure> {
        if !is_from_this_machine(&parts.headers, &parts.extensions, context) {
            return Err(Failure::Forbidden("the control API answers on this machine only"));
        }
        let token = bearer(&parts.headers)?.ok_or(Failure::NoControlToken)?;
        if context.app.is_control_token(token) { Ok(Self) } else { Err(Failure::NoControlToken) }
    }
}

/// Whether the peer is on this machine, and asks for itself. A proxy on this machine asks for somebody else, wherever
/// that is: one that is not trusted cannot say for whom, so that its requests are from nowhere.
pub fn is_from_this_machine(headers: &HeaderMap, extensions: &Extensions, context: &Context) -> bool {
    let Some(ConnectInfo(peer)) = extensions.get::<ConnectInfo<SocketAddr>>() else { return false };
    let peer = peer.ip().to_canonical();
    let Some(origin) = origin_of(context, headers, extensions) else { return false };
    let is_known = !is_forwarded(headers) || context.network.trusted_proxies.trust(peer);
    peer.is_loopback() && origin.client.is_loopback() && is_known
}

/// The routes below `/api/control/v1`.
pub fn routes() -> Router<Context> {
    Router::new().route("/about", get(about))
}

/// What this server is.
#[derive(Serialize)]
struct About {
    version: &'static str,
    app_id: String,
    internal_id: String,
    group_id: String,
    domain_id: String,
    /// Those that one can log in with.
    providers: Vec<&'static str>,
}

async fn about(State(context): State<Context>, _: ControlGrant) -> Json<About> {
    let facts = context.app.facts();
    let offered = context.app.config();
    let is_enabled = |provider: &Provider| offered.providers.availability(*provider) == Availability::Enabled;
    Json(About {
        version: env!("CARGO_PKG_VERSION"),
        app_id: facts.app_id.to_string(),
        internal_id: facts.internal_id.clone(),
        group_id: facts.group_id.clone(),
        domain_id: facts.domain_id.clone(),
        providers: Provider::ALL.into_iter().filter(is_enabled).map(Provider::name).collect(),
    })
}
