//! A whole Kith in this process, over real HTTP, with a clock in the hand of the test and without quotas.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use app::{
    http::{self, Care},
    wiring::{App, Quotas, Settings, Stores, World},
};
use infra::keys::Ring;
use kernel::{Clock as _, SystemClock, SystemEntropy};
use reqwest::Client;
use serde_json::{Value, json};
use testkit::{HandClock, Sqlite};
use tokio::net::TcpListener;

pub(crate) const PASSWORD: &str = "a long walk by the river";

/// A whole Kith on a port of its own, and a clock in the hand of the test.
pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) clock: Arc<HandClock>,
    base: String,
    client: Client,
    /// Streams of which both sides speak at once take HTTP/2.
    streams: Client,
    addresses: AtomicU64,
    /// An account with an e-mail address: a password costs too much for each cell.
    pub(crate) email: String,
    _database: Sqlite,
}

/// Somebody with an account.
pub(crate) struct Person {
    pub(crate) account: String,
    pub(crate) persona: String,
    pub(crate) session: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) code: String,
}

impl House {
    pub(crate) async fn open() -> Self {
        let (database, clock) = (testkit::sqlite().await, Arc::new(HandClock::at(SystemClock.now())));
        let entropy = Arc::new(SystemEntropy);
        let ring = Arc::new(Ring::new(&[7; 32], &[], &[8; 32], entropy.clone()));
        let world = World { clock: clock.clone(), entropy, ring };
        let settings = Settings { quotas: Quotas::Endless, ..Settings::default() };
        let stores = Stores::embedded(&database, &world, &settings).unwrap();
        let app = App::wire(&stores, &world, &settings).await.unwrap();
        app.edges.ready.send_replace(true);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(http::connection::serve(
            listener,
            app.edges.http.clone(),
            Care::default(),
            std::future::pending(),
        ));
        let email = "somebody@example.org".to_owned();
        let streams = Client::builder().http2_prior_knowledge().build().unwrap();
        let (client, addresses) = (Client::new(), AtomicU64::new(0));
        let house = Self { app, clock, base, client, streams, addresses, email, _database: database };
        let somebody = json!({ "email": house.email, "password": PASSWORD });
        house.say("/kith.auth.v1.AuthService/RegisterWithEmail", None, &somebody).await.unwrap();
        house
    }

    pub(crate) async fn register(&self) -> Person {
        let welcome = self.say("/kith.auth.v1.AuthService/RegisterAnonymous", None, &json!({})).await.unwrap();
        let credentials = &welcome["credentials"];
        let access = text(&credentials["accessToken"]);
        let me = self.say("/kith.users.v1.UserService/GetMe", Some(&access), &json!({})).await.unwrap();
        Person {
            account: text(&me["me"]["accountId"]),
            persona: text(&welcome["persona"]["id"]),
            session: text(&credentials["sessionId"]),
            refresh: text(&credentials["refreshToken"]),
            code: text(&welcome["recoveryCode"]),
            access,
        }
    }

    /// An address that nobody has.
    pub(crate) fn address(&self) -> String {
        format!("n{}@example.org", self.addresses.fetch_add(1, Ordering::SeqCst))
    }

    /// An access token of now, on a device of its own.
    pub(crate) async fn enter(&self, who: &Person) -> String {
        let body = json!({ "recoveryCode": who.code });
        let welcome = self.say("/kith.auth.v1.AuthService/LoginWithRecoveryCode", None, &body).await.unwrap();
        text(&welcome["credentials"]["accessToken"])
    }

    /// Lets everything happen that follows from what has happened.
    pub(crate) async fn settle(&self) {
        while self.app.edges.relay.drain().await.unwrap() > 0 {}
    }

    /// Lets everything happen that is due.
    pub(crate) async fn sweep(&self) {
        for sweep in &self.app.edges.sweeps {
            sweep.sweep().await.unwrap();
        }
    }

    /// What a unary call answers: a message, or the code of a refusal.
    pub(crate) async fn say(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Value, String> {
        let mut request = self.client.post(format!("{}{path}", self.base)).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        let fine = answer.status().is_success();
        let said = answer.text().await.unwrap();
        let said: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{path} answers {said:?}"));
        if fine { Ok(said) } else { Err(text(&said["code"])) }
    }

    /// How a stream begins: with a message, or with the code of a refusal.
    pub(crate) async fn listen(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Value, String> {
        let message = body.to_string();
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        let envelope = [&[0][..], &length, message.as_bytes()].concat();
        let mut request = self.streams.post(format!("{}{path}", self.base)).body(envelope);
        request = request.header("content-type", "application/connect+json").header("connect-protocol-version", "1");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let mut answer = request.send().await.unwrap();
        let mut bytes = Vec::new();
        loop {
            if let Some((flags, message)) = envelope_of(&bytes) {
                return match message.get("error") {
                    Some(error) if flags & 2 == 2 => Err(text(&error["code"])),
                    _ => Ok(message),
                };
            }
            bytes.extend(answer.chunk().await.unwrap().unwrap_or_else(|| panic!("{path} says nothing")));
        }
    }
}

/// The first whole envelope.
fn envelope_of(bytes: &[u8]) -> Option<(u8, Value)> {
    let (head, rest) = bytes.split_first_chunk::<5>()?;
    let [flags, length @ ..] = *head;
    let message = rest.get(..usize::try_from(u32::from_be_bytes(length)).ok()?)?;
    Some((flags, serde_json::from_slice(message).unwrap()))
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text, not {value}")).to_owned()
}
