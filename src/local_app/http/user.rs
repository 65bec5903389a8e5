//! `GET /auth/profile` and `DELETE /auth/delete` (sections 6 and 9).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Context;
use super::authorization::AccessGrant;
use crate::local_app::failure::Failure;
use crate::local_app::store::ProfileIdentity;

#[derive(Serialize)]
pub struct ProfileBody {
    user_id: String,
    domain_id: String,
    identities: Vec<IdentityBody>,
    data: Map<String, Value>,
    r#type: String,
}

#[derive(Serialize)]
pub struct IdentityBody {
    id: String,
    provider_type: String,
    provider_id: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    provider_data: Map<String, Value>,
}

impl From<ProfileIdentity> for IdentityBody {
    fn from(ProfileIdentity { identity, provider_id }: ProfileIdentity) -> Self {
        Self { id: identity.id, provider_type: identity.provider, provider_id, provider_data: identity.data }
    }
}

pub async fn profile(
    State(context): State<Context>,
    AccessGrant(grant): AccessGrant,
) -> Result<Json<ProfileBody>, Failure> {
    let record = context.app.profile(grant.user_id).await?;
    Ok(Json(ProfileBody {
        domain_id: context.app.facts().domain_id.clone(),
        data: record.data(),
        identities: record.identities.into_iter().map(IdentityBody::from).collect(),
        user_id: record.user.id,
        r#type: record.user.kind,
    }))
}

pub async fn delete(
    State(context): State<Context>,
    AccessGrant(grant): AccessGrant,
) -> Result<StatusCode, Failure> {
    context.app.delete_user(grant.user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
