//! Linking: a second identity for a user (section 4 of the protocol document).

use idmux::local_app::config::{CustomFunction, CustomToken, Function, Offer, TokenAlgorithm, TokenKeys};
use serde_json::{Value, json};

use crate::identity_provider::{IdentityProvider, NOW, serve};
use crate::support::{APP, PASSWORD, Server, User, claims};

const PROVIDER: &str = "local-userpass";

fn credentials(email: &str) -> serde_json::Value {
    json!({ "username": email, "password": PASSWORD })
}

#[tokio::test]
async fn an_anonymous_user_becomes_a_registered_one_and_keeps_the_id() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    server.register("a@example.com", PASSWORD).await.done(201);

    let answer = server.link(&user.access, PROVIDER, &credentials("a@example.com")).await.ok(200);
    assert_eq!(answer["user_id"], user.id.as_str());
    assert_eq!(answer["device_id"], user.device.as_str());
    assert!(answer.get("refresh_token").is_none(), "{answer}");
    let access = answer["access_token"].as_str().unwrap();
    assert_eq!(claims(access)["iss"], claims(&user.access)["iss"]);

    let profile = server.profile(access).await.ok(200);
    let providers: Vec<_> =
        profile["identities"].as_array().unwrap().iter().map(|identity| &identity["provider_type"]).collect();
    assert_eq!(providers, ["anon-user", "local-userpass"]);
    assert_eq!(profile["data"], json!({ "email": "a@example.com" }));

    assert_eq!(User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200)).id, user.id);
    server.refresh(&user.refresh).await.ok(201);

    // Deleting the user takes the registration along.
    server.delete(access).await.empty(204);
    server.register("a@example.com", PASSWORD).await.done(201);
}

#[tokio::test]
async fn linking_the_own_identity_again_changes_nothing() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    let before = server.profile(&user.access).await.ok(200);
    let answer = server.link(&user.access, PROVIDER, &credentials("a@example.com")).await.ok(200);
    assert_eq!(answer["user_id"], user.id.as_str());
    assert_eq!(server.profile(&user.access).await.ok(200), before);
}

#[tokio::test]
async fn what_cannot_be_linked_is_refused_in_words_that_do_not_start_a_refresh_loop() {
    let server = Server::start().await;
    let anonymous = server.anonymous().await;
    let owner = server.user("a@example.com").await;
    server.register("b@example.com", PASSWORD).await.done(201);

    let wrong = json!({ "username": "b@example.com", "password": "wrong password" });
    for (access, provider, body, status, code, says) in [
        (
            &anonymous.access,
            PROVIDER,
            credentials("a@example.com"),
            401,
            "AuthError",
            "a user already exists with the specified provider",
        ),
        (&anonymous.access, PROVIDER, wrong, 401, "InvalidPassword", "invalid username/password"),
        (
            &anonymous.access,
            PROVIDER,
            credentials("nobody@example.com"),
            401,
            "InvalidPassword",
            "invalid username/password",
        ),
        (&owner.access, PROVIDER, credentials("b@example.com"), 400, "BadRequest", "already has an identity"),
        (&owner.access, "anon-user", json!({}), 400, "LinkingNotSupported", "anonymous"),
        (
            &owner.access,
            "api-key",
            json!({ "key": "x" }),
            400,
            "InvalidParameter",
            "invalid user link request",
        ),
        (&anonymous.access, PROVIDER, json!({}), 400, "MissingParameter", "'username'"),
    ] {
        server.link(access, provider, &body).await.refused(status, Some(code), says);
    }
    // What was refused left no trace: the registration is free, and each user has the one identity.
    for user in [&anonymous, &owner] {
        let profile = server.profile(&user.access).await.ok(200);
        assert_eq!(profile["identities"].as_array().unwrap().len(), 1);
    }
    server.link(&anonymous.access, PROVIDER, &credentials("b@example.com")).await.ok(200);
}

#[tokio::test]
async fn linking_needs_an_access_token_of_a_live_session() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    server.register("a@example.com", PASSWORD).await.done(201);
    let body = credentials("a@example.com");
    server.link(&user.refresh, PROVIDER, &body).await.refused(401, Some("InvalidSession"), "invalid session");
    server.link("", PROVIDER, &body).await.refused(401, None, "unauthorized");
    server.log_out(&user.refresh).await.empty(204);
    server.link(&user.access, PROVIDER, &body).await.refused(401, Some("InvalidSession"), "invalid session");
    // The registration is still free.
    assert_ne!(User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200)).id, user.id);
}

/// People of every provider whose identities a test can have; each exists once it was asked for.
struct People {
    provider: IdentityProvider,
    server: Server,
}

impl People {
    const SECRET: &str = "a-shared-secret_of-more-than-32-letters";
    /// Anonymous identities are only ever the first.
    const LINKABLE: [&str; 6] = [
        "local-userpass",
        "custom-token",
        "custom-function",
        "oauth2-google",
        "oauth2-facebook",
        "oauth2-apple",
    ];

    async fn start() -> Self {
        let provider = IdentityProvider::start().await;
        let mut config = provider.config();
        config.providers.custom_token = Offer::Enabled(CustomToken {
            audience: Vec::new(),
            require_any_audience: false,
            algorithm: TokenAlgorithm::Hs256,
            keys: TokenKeys::Given(vec![Self::SECRET.into()]),
            metadata_fields: Vec::new(),
        });
        config.functions.insert("authenticate".into(), Function::new("exports = ({ who }) => who;"));
        config.providers.custom_function = Offer::Enabled(CustomFunction { function: "authenticate".into() });
        Self { server: serve(config).await, provider }
    }

    /// What `who` logs in or links with; registered where that has to be first.
    async fn credentials(&self, provider: &str, who: &str) -> Value {
        match provider {
            "anon-user" => json!({}),
            "local-userpass" => {
                let email = format!("{who}@example.com");
                self.server.register(&email, PASSWORD).await;
                credentials(&email)
            }
            "custom-function" => json!({ "who": who }),
            "custom-token" => {
                let claims = json!({ "sub": who, "aud": APP, "exp": NOW + 60 });
                let key = jsonwebtoken::EncodingKey::from_secret(Self::SECRET.as_bytes());
                json!({ "token": jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap() })
            }
            "oauth2-facebook" => json!({ "accessToken": self.provider.access_token(json!({ "id": who })) }),
            _ => json!({ "id_token": self.provider.id_token(who) }),
        }
    }

    async fn log_in(&self, provider: &str, credentials: &Value) -> User {
        let path = format!("/auth/providers/{provider}/login");
        User::of(&self.server.post(&path, credentials).await.ok(200))
    }

    /// Provider and id of each identity, in order.
    async fn identities(&self, user: &User) -> Vec<(String, String)> {
        let profile = self.server.profile(&user.access).await.ok(200);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let identities = profile["identities"].as_array().unwrap().iter();
        identities.map(|identity| (text(&identity["provider_type"]), text(&identity["id"]))).collect()
    }
}

#[tokio::test]
async fn every_pair_of_providers_can_be_linked_and_identities_keep_ids_and_order() {
    let people = People::start().await;
    for first in ["anon-user"].into_iter().chain(People::LINKABLE) {
        for second in People::LINKABLE {
            // Two emails of one user are refused, below.
            if first == second && first == "local-userpass" {
                continue;
            }
            let pair = format!("{first} + {second}");
            let (who, other) = (format!("{first}-{second}-1"), format!("{first}-{second}-2"));
            let (own, added) =
                (people.credentials(first, &who).await, people.credentials(second, &other).await);
            let user = people.log_in(first, &own).await;
            let before = people.identities(&user).await;
            let answer = people.server.link(&user.access, second, &added).await.ok(200);
            assert_eq!(answer["user_id"], user.id.as_str(), "{pair}");
            assert!(answer.get("refresh_token").is_none(), "{pair}: {answer}");

            let after = people.identities(&user).await;
            assert_eq!(after.len(), 2, "{pair}");
            assert_eq!(after[0], before[0], "{pair}");
            assert_eq!(after[1].0, second, "{pair}");
            // Either leads to the user from now on, and linking once more changes nothing.
            assert_eq!(people.log_in(second, &added).await.id, user.id, "{pair}");
            if first != "anon-user" {
                assert_eq!(people.log_in(first, &own).await.id, user.id, "{pair}");
            }
            people.server.link(&user.access, second, &added).await.ok(200);
            assert_eq!(people.identities(&user).await, after, "{pair}");
        }
    }
}

#[tokio::test]
async fn an_identity_of_somebody_else_is_refused_for_every_pair_of_providers() {
    let people = People::start().await;
    for (index, second) in People::LINKABLE.into_iter().enumerate() {
        let taken = people.credentials(second, &format!("owner-{index}")).await;
        let owner = people.log_in(second, &taken).await;
        for first in ["anon-user"].into_iter().chain(People::LINKABLE) {
            let own = people.credentials(first, &format!("{first}-{index}")).await;
            let user = people.log_in(first, &own).await;
            let (before, owners) = (people.identities(&user).await, people.identities(&owner).await);
            let reply = people.server.link(&user.access, second, &taken).await;
            reply.refused(401, Some("AuthError"), "a user already exists with the specified provider");
            assert_eq!(people.identities(&user).await, before, "{first} + {second}");
            assert_eq!(people.identities(&owner).await, owners, "{first} + {second}");
        }
    }
}

#[tokio::test]
async fn no_credentials_that_cannot_be_linked_are_looked_at() {
    let people = People::start().await;
    for first in People::LINKABLE {
        let own = people.credentials(first, first).await;
        let user = people.log_in(first, &own).await;
        let reply = people.server.link(&user.access, "anon-user", &json!({})).await;
        reply.refused(400, Some("LinkingNotSupported"), "anonymous");
        let reply = people.server.link(&user.access, "api-key", &json!({ "key": "x" })).await;
        reply.refused(400, Some("InvalidParameter"), "invalid user link request");
        assert_eq!(people.identities(&user).await.len(), 1);
    }
}
