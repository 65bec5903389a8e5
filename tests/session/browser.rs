//! Log-ins and links in a browser, against a real local App and an identity provider of this process.

use std::sync::Arc;

use idmux::account::{
    App, BrowserAddress, Credentials, CustomDataSource, Provider, RedirectUri, SessionState, UserKey,
};
use idmux::backend::app_services::AppServices;
use idmux::backend::{Backend, HttpClient};
use idmux::clock::SystemClock;
use idmux::session::{self, AnyOperation, Connect, EventKind, FailureKind, RequestId};
use tokio::net::TcpStream;
use url::Url;

use super::harness::{APP_ID, Worker, alias, over_http};
use crate::browser::{app_that_allows, app_with_pages, land, travel, travel_and_refuse};
use crate::identity_provider::IdentityProvider;
use crate::support::Server;

fn app(server: &Server) -> App {
    App {
        alias: alias(),
        base_url: server.app.base_url().clone(),
        client_app_id: APP_ID.into(),
        custom_data: CustomDataSource::default(),
        control: None,
        accepted_host: None,
    }
}

async fn worker(server: &Server) -> Worker {
    worker_with(server, over_http()).await
}

async fn worker_with(server: &Server, connect: Connect) -> Worker {
    let mut worker = Worker::in_memory(connect).await;
    worker.ask(session::AddApp(app(server))).await;
    worker
}

/// Clients whose log-ins in the browser end at `redirect`.
fn ending_at(redirect: &str) -> Connect {
    let http = HttpClient::new(Arc::new(SystemClock));
    let redirect = RedirectUri::parse(redirect).unwrap();
    Arc::new(move |app| {
        let client = AppServices::new(http.clone(), app).with_redirect(redirect.clone());
        Ok(Arc::new(client) as Arc<dyn Backend>)
    })
}

fn log_in(provider: Provider) -> session::LogInWithBrowser {
    session::LogInWithBrowser { app: alias(), provider }
}

/// Sends a command, and says where the browser has to go.
async fn begin(worker: &mut Worker, operation: impl Into<AnyOperation>) -> (RequestId, BrowserAddress) {
    let id = worker.send(operation);
    let event = worker.answer(id).await;
    match event.kind {
        EventKind::BrowserNeeded { address, until } => {
            assert!(until > event.at);
            (id, address)
        }
        other => panic!("no browser is needed: {other:?}"),
    }
}

#[track_caller]
fn failed(event: idmux::session::Event) -> idmux::session::Failure {
    match event.kind {
        EventKind::Failed(failure) => failure,
        other => panic!("it did not fail: {other:?}"),
    }
}

async fn only_user(worker: &mut Worker) -> UserKey {
    let snapshot = worker.snapshot_where(|snapshot| snapshot.users.len() == 1).await;
    snapshot.users[0].key.clone()
}

fn page_of(address: &BrowserAddress) -> String {
    let url = Url::parse(address.as_str()).unwrap();
    url.query_pairs().find(|(key, _)| key == "redirect").unwrap().1.into_owned()
}

async fn is_open(page: &str) -> bool {
    TcpStream::connect(Url::parse(page).unwrap().authority()).await.is_ok()
}

#[tokio::test]
async fn a_person_logs_in_with_each_provider_in_the_browser() {
    let provider = IdentityProvider::start().await;
    let server = app_with_pages(&provider).await;
    let mut worker = worker(&server).await;
    for (number, method) in [Provider::Google, Provider::Facebook, Provider::Apple].into_iter().enumerate() {
        let (id, address) = begin(&mut worker, log_in(method.clone())).await;
        let said = land(&travel(&provider, address.as_str(), "person-1").await).await;
        assert!(said.contains("It worked"), "{said}");
        assert_eq!(worker.answer(id).await.kind, session::Entered::LoggedIn { replaced: false }.into());
        let snapshot = worker.snapshot_where(|snapshot| snapshot.users.len() == number + 1).await;
        let user = &snapshot.users[number];
        assert_eq!((&user.provider, &user.state), (&method, &SessionState::Active));
        assert_eq!(user.identities()[0].provider, method);
        // It is a session like any other.
        assert_eq!(
            worker.ask(session::Refresh { user: user.key.clone() }).await.kind,
            session::Refreshed.into()
        );
        assert!(!is_open(&page_of(&address)).await, "nobody listens any more");
    }
}

#[tokio::test]
async fn an_identity_is_linked_in_the_browser_and_belongs_to_the_user_from_then_on() {
    let provider = IdentityProvider::start().await;
    let server = app_with_pages(&provider).await;
    let mut worker = worker(&server).await;
    let user = worker.log_in(Credentials::Anonymous).await;
    let link = session::LinkWithBrowser { user: user.clone(), provider: Provider::Google };
    let (id, address) = begin(&mut worker, link.clone()).await;
    assert!(address.as_str().starts_with(provider.url("/authorize").as_str()), "{}", address.as_str());
    let said = land(&travel(&provider, address.as_str(), "person-1").await).await;
    assert!(said.contains("It worked"), "{said}");
    assert_eq!(worker.answer(id).await.kind, session::Linked { provider: Provider::Google }.into());
    let providers: Vec<_> =
        worker.user(&user).identities().iter().map(|identity| identity.provider.clone()).collect();
    assert_eq!(providers, [Provider::Anonymous, Provider::Google]);
    let (id, address) = begin(&mut worker, log_in(Provider::Google)).await;
    land(&travel(&provider, address.as_str(), "person-1").await).await;
    assert_eq!(worker.answer(id).await.kind, session::Entered::LoggedIn { replaced: true }.into());
    assert_eq!(only_user(&mut worker).await, user);

    // An identity of somebody else is refused, and the user stays as it is.
    let other = worker.log_in(Credentials::Anonymous).await;
    let link = session::LinkWithBrowser { user: other.clone(), provider: Provider::Google };
    let (id, address) = begin(&mut worker, link).await;
    let said = land(&travel(&provider, address.as_str(), "person-1").await).await;
    assert!(said.contains("a user already exists with the specified provider"), "{said}");
    let failure = failed(worker.answer(id).await);
    assert_eq!((failure.kind, failure.action), (FailureKind::Refused, "link an identity"));
    assert_eq!(worker.user(&other).identities().len(), 1);
    assert_eq!(worker.user(&other).state, SessionState::Active);
}

#[tokio::test]
async fn a_browser_on_another_machine_is_brought_back_by_its_address() {
    let provider = IdentityProvider::start().await;
    let server = app_with_pages(&provider).await;
    let mut worker = worker(&server).await;
    let (id, address) = begin(&mut worker, log_in(Provider::Google)).await;
    let ended_at = travel(&provider, address.as_str(), "person-1").await;
    let bring = |text: &str| session::BrowserEndedAt { request: id, address: text.into() };

    let (_, other_address) = begin(&mut worker, log_in(Provider::Google)).await;
    let of_other = travel(&provider, other_address.as_str(), "person-2").await;
    for wrong in [of_other.as_str(), "", "http://127.0.0.1/idmux", &ended_at[..ended_at.len() / 3]] {
        let failure = failed(worker.ask(bring(wrong)).await);
        assert_eq!(failure.kind, FailureKind::Input, "{failure:?}");
        assert!(failure.hint.contains("copy all of the address"), "{failure:?}");
    }
    assert!(worker.snapshot().users.is_empty());
    let handed_in = worker.send(bring(&ended_at));
    assert_eq!(worker.answer(handed_in).await.kind, session::BrowserCameBack.into());
    assert_eq!(worker.answer(id).await.kind, session::Entered::LoggedIn { replaced: false }.into());
    only_user(&mut worker).await;
    assert_eq!(failed(worker.ask(bring(&ended_at)).await).message, "this log-in is over");
}

#[tokio::test]
async fn a_log_in_in_the_browser_that_is_given_up_leaves_nothing_behind() {
    let provider = IdentityProvider::start().await;
    let server = app_with_pages(&provider).await;
    let mut worker = worker(&server).await;
    let (id, address) = begin(&mut worker, log_in(Provider::Google)).await;
    let ended_at = travel(&provider, address.as_str(), "person-1").await;
    let page = page_of(&address);
    assert!(is_open(&page).await);
    assert_eq!(worker.ask(session::CancelLogIn { request: id }).await.kind, session::Cancelled.into());
    while is_open(&page).await {
        tokio::task::yield_now().await;
    }
    let bring = session::BrowserEndedAt { request: id, address: ended_at.as_str().into() };
    assert_eq!(failed(worker.ask(bring).await).kind, FailureKind::Input);
    let again = worker.ask(session::CancelLogIn { request: id }).await;
    assert!(matches!(again.kind, EventKind::AnswerDropped { .. }), "{again:?}");

    // A link as well.
    let user = worker.log_in(Credentials::Anonymous).await;
    let link = session::LinkWithBrowser { user: user.clone(), provider: Provider::Google };
    let (id, _) = begin(&mut worker, link).await;
    assert_eq!(worker.ask(session::CancelLogIn { request: id }).await.kind, session::Cancelled.into());
    assert_eq!(only_user(&mut worker).await, user);
    assert_eq!(worker.user(&user).identities().len(), 1);
}

#[tokio::test]
async fn a_person_who_refuses_is_told_so_in_the_providers_words() {
    let provider = IdentityProvider::start().await;
    let server = app_with_pages(&provider).await;
    let mut worker = worker(&server).await;
    let (id, address) = begin(&mut worker, log_in(Provider::Google)).await;
    let said = land(&travel_and_refuse(&provider, address.as_str()).await).await;
    assert!(said.contains("It did not work: access_denied"), "{said}");
    let failure = failed(worker.answer(id).await);
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Refused, "access_denied"));
    assert!(worker.snapshot().users.is_empty());
}

#[tokio::test]
async fn an_app_that_does_not_know_the_page_says_so_before_a_browser_opens() {
    let provider = IdentityProvider::start().await;
    let server = app_that_allows(&provider, "http://127.0.0.1/other").await;
    let mut worker = worker(&server).await;
    let user = worker.log_in(Credentials::Anonymous).await;
    let operations: [AnyOperation; 2] = [
        log_in(Provider::Google).into(),
        session::LinkWithBrowser { user, provider: Provider::Google }.into(),
    ];
    for command in operations {
        let failure = failed(worker.ask(command).await);
        assert_eq!(failure.kind, FailureKind::Refused);
        assert!(failure.message.contains("/idmux'"), "{failure:?}");
        assert!(
            failure.hint.contains("redirect_uris") && failure.hint.contains("config.toml"),
            "{failure:?}"
        );
    }
    // Where the provider itself is not to be had, the same.
    let failure = failed(worker.ask(log_in(Provider::EmailPassword)).await);
    assert_eq!(failure.kind, FailureKind::Input);
}

#[tokio::test]
async fn a_page_at_a_fixed_address_is_used_as_it_is_written_and_by_one_log_in_at_a_time() {
    let provider = IdentityProvider::start().await;
    // Free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let redirect = format!("http://localhost:{port}/back/here");
    let server = app_that_allows(&provider, &redirect).await;
    let mut worker = worker_with(&server, ending_at(&redirect)).await;
    let (id, address) = begin(&mut worker, log_in(Provider::Google)).await;
    assert_eq!(page_of(&address), redirect);
    let failure = failed(worker.ask(log_in(Provider::Google)).await);
    assert_eq!(failure.kind, FailureKind::Input);
    assert!(failure.message.contains(&format!("127.0.0.1:{port}")), "{failure:?}");
    land(&travel(&provider, address.as_str(), "person-1").await).await;
    assert_eq!(worker.answer(id).await.kind, session::Entered::LoggedIn { replaced: false }.into());
}

#[tokio::test]
async fn nobody_is_waited_for_once_the_vault_is_locked() {
    let provider = IdentityProvider::start().await;
    let server = app_with_pages(&provider).await;
    let mut worker = worker(&server).await;
    let (id, address) = begin(&mut worker, log_in(Provider::Google)).await;
    worker.send(session::Lock);
    let failure = failed(worker.answer(id).await);
    assert_eq!(failure.kind, FailureKind::Vault);
    while is_open(&page_of(&address)).await {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_made_up_session_does_not_get_in() {
    let provider = IdentityProvider::start().await;
    let server = app_with_pages(&provider).await;
    let mut worker = worker(&server).await;
    let (id, address) = begin(&mut worker, log_in(Provider::Google)).await;
    let url = Url::parse(address.as_str()).unwrap();
    let state = url.query_pairs().find(|(key, _)| key == "state").unwrap().1.into_owned();
    // Somebody who saw the state still has to have a token that the App gave.
    let made_up = format!("{}#_baas_state={state}&_baas_ua=a.b.c%24d.e.f%24u%24", page_of(&address));
    land(&made_up).await;
    let failure = failed(worker.answer(id).await);
    assert_eq!(failure.action, "log in");
    assert!(worker.snapshot().users.is_empty());
}
