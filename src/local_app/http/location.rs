//! `GET /app/{app}/location`: where the App is (section 2.2).

use axum::Json;
use serde::Serialize;

use super::public_url::AskedUrl;

#[derive(Serialize)]
pub struct Location {
    deployment_model: &'static str,
    location: &'static str,
    hostname: String,
    ws_hostname: String,
}

pub async fn location(AskedUrl(url): AskedUrl) -> Json<Location> {
    let hostname = url.as_str().trim_end_matches('/').to_owned();
    // http becomes ws, https becomes wss.
    let ws_hostname = hostname.replacen("http", "ws", 1);
    Json(Location { deployment_model: "LOCAL", location: "US-VA", hostname, ws_hostname })
}
