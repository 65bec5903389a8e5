//! Parameters of paths.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Context;
use crate::local_app::failure::Failure;

/// What a path names. One whose escapes are no UTF-8 names nothing that there is; axum would say so in another form.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Context> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Failure> {
        let found = axum::extract::Path::from_request_parts(parts, context).await;
        found.map(|axum::extract::Path(named)| Self(named)).map_err(|_| Failure::EndpointNotFound)
    }
}
