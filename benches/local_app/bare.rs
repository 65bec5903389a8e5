//! The least that a renewal can be: a token is verified, its session and user are looked up, another token is signed, in
//! a route of axum that does nothing else. No limits, no CORS, no clock, no errors.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use axum::{Json, Router};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

pub struct Bare {
    sign: EncodingKey,
    verify: DecodingKey,
    rules: Validation,
    free: Mutex<Vec<Connection>>,
}

impl Bare {
    /// On the database of a local App.
    pub fn new(database: &Path) -> Self {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.validate_aud = false;
        let open =
            |_| Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("it opens");
        Self {
            sign: EncodingKey::from_secret(KEY),
            verify: DecodingKey::from_secret(KEY),
            rules,
            free: Mutex::new((0..2).map(open).collect()),
        }
    }

    pub fn router(self) -> Router {
        Router::new().route("/", post(renew)).with_state(Arc::new(self))
    }

    /// The claims of `token`, signed with the key of this server.
    pub fn refresh_token(token: &str) -> String {
        let claims: Value = jsonwebtoken::dangerous::insecure_decode(token).expect("a token").claims;
        jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(KEY)).expect("it signs")
    }
}

async fn renew(State(bare): State<Arc<Bare>>, headers: HeaderMap) -> (StatusCode, Json<Value>) {
    let token =
        headers[header::AUTHORIZATION].to_str().expect("text").strip_prefix("Bearer ").expect("a bearer");
    let claims: Value = jsonwebtoken::decode(token, &bare.verify, &bare.rules).expect("it counts").claims;
    let connection = bare.free.lock().expect("nobody panics").pop().expect("as many as threads");
    let device: String = connection
        .prepare_cached("SELECT device_id FROM sessions JOIN users ON users.id = user_id WHERE sessions.id = ?1 AND NOT disabled")
        .expect("it is prepared")
        .query_row([claims["baas_id"].as_str()], |row| row.get(0))
        .expect("a session");
    bare.free.lock().expect("nobody panics").push(connection);
    let claims = json!({
        "baas_device_id": device, "baas_domain_id": claims["baas_domain_id"], "exp": 1_900_000_000, "iat": 1_800_000_000,
        "iss": claims["baas_id"], "stitch_devId": device, "stitch_domainId": claims["baas_domain_id"],
        "sub": claims["sub"], "typ": "access",
    });
    let token = jsonwebtoken::encode(&Header::default(), &claims, &bare.sign).expect("it signs");
    (StatusCode::CREATED, Json(json!({ "access_token": token })))
}
