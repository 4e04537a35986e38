//! A whole Kith in this process, over real HTTP, with a clock in the hand of the test and without quotas: of either size.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{SinkExt as _, StreamExt as _};
use kith_app::{
    http::{self, ConnectionLimits},
    wiring::{App, QuotaMode, Servers, Settings, Stores, RuntimeContext},
};
use kith_infra::{keys::Ring, nats, redis::Redis};
use kith_kernel::{Clock as _, SystemClock, SystemEntropy, UserId, actor::Role, ports::SetRole};
use kith_storage::{
    mongo,
    sql::{Database, PoolConfig, Postgres},
};
use kith_testkit::{TestCluster, ManualClock, SqliteDatabase};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest as _, http::HeaderValue},
};

pub(crate) const PASSWORD: &str = "a long walk by the river";

/// Where everything is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Size {
    /// In one file.
    One,
    /// On four servers. Events go from hand to hand within the process all the same: a test can wait for that.
    Cluster,
}

/// A whole Kith on a port of its own, and a clock in the hand of the test.
pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) clock: Arc<ManualClock>,
    base: String,
    client: Client,
    /// Streams of which both sides speak at once take HTTP/2.
    streams: Client,
    addresses: AtomicU64,
    /// An account with an e-mail address: a password costs too much for each cell.
    pub(crate) email: String,
    /// A moderator whom nothing concerns.
    pub(crate) clerk: Person,
    _database: Option<SqliteDatabase>,
}

/// Somebody with an account.
#[derive(Default)]
pub(crate) struct Person {
    /// Empty of who was only met.
    pub(crate) account: String,
    pub(crate) persona: String,
    pub(crate) session: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) code: String,
}

impl House {
    pub(crate) async fn open(size: Size) -> Self {
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let entropy = Arc::new(SystemEntropy);
        let ring = Arc::new(Ring::new(&[7; 32], &[], &[8; 32], entropy.clone()));
        let runtime = RuntimeContext { clock: clock.clone(), entropy, ring };
        let mut settings = Settings { quotas: QuotaMode::Unlimited, ..Settings::default() };
        let (database, stores) = match size {
            Size::One => {
                let database = kith_testkit::sqlite_database().await;
                let stores = Stores::embedded(&database, &runtime, &settings).unwrap();
                (Some(database), stores)
            }
            Size::Cluster => (None, on_servers(&runtime, &mut settings).await),
        };
        let app = App::wire(&stores, &runtime, &settings).await.unwrap();
        app.entrypoints.ready.send_replace(true);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(http::connection::serve(
            listener,
            app.entrypoints.http.clone(),
            ConnectionLimits::default(),
            std::future::pending(),
        ));
        let email = "somebody@example.org".to_owned();
        let streams = Client::builder().http2_prior_knowledge().build().unwrap();
        let (client, addresses) = (Client::new(), AtomicU64::new(0));
        let clerk = Person::default();
        let mut house = Self { app, clock, base, client, streams, addresses, email, clerk, _database: database };
        let somebody = json!({ "email": house.email, "password": PASSWORD });
        house.say("/kith.auth.v1.AuthService/RegisterWithEmail", None, &somebody).await.unwrap();
        house.clerk = house.register().await;
        house.give(&house.clerk, Role::Moderator).await;
        house
    }

    /// Gives somebody a role, as an operator can.
    pub(crate) async fn give(&self, person: &Person, role: Role) {
        let user = self.user(person).await;
        let order = SetRole { user, role, by: user, session: None };
        self.app.ports.staff.set_role(&order).await.unwrap();
        // What is known of a session is known for a second.
        self.clock.advance(Duration::from_secs(1));
    }

    /// Somebody new, whose account's id is known.
    pub(crate) async fn register(&self) -> Person {
        let person = self.meet().await;
        Person { account: self.user(&person).await.to_string(), ..person }
    }

    /// Who somebody is, within.
    pub(crate) async fn user(&self, person: &Person) -> UserId {
        let me = self.say("/kith.users.v1.UserService/GetMe", Some(&person.access), &json!({})).await.unwrap();
        UserId::from_uuid(text(&me["me"]["accountId"]).parse().unwrap())
    }

    /// Somebody new.
    pub(crate) async fn meet(&self) -> Person {
        let welcome = self.say("/kith.auth.v1.AuthService/RegisterAnonymous", None, &json!({})).await.unwrap();
        let credentials = &welcome["credentials"];
        let access = text(&credentials["accessToken"]);
        Person {
            account: String::new(),
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
        while self.app.entrypoints.relay.drain().await.unwrap() > 0 {}
    }

    /// Lets everything happen that is due.
    pub(crate) async fn sweep(&self) {
        for sweep in &self.app.entrypoints.periodic_jobs {
            sweep.run().await.unwrap();
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

    /// What comes of listening to a channel: nothing, or the code of a refusal.
    pub(crate) async fn hear(&self, token: Option<&str>, channel: &str) -> Result<(), String> {
        let ticket = self.say("/kith.auth.v1.AuthService/CreateRealtimeTicket", token, &json!({})).await?;
        let url = format!("{}/v1/realtime", self.base.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("kith.v1.json"));
        let (mut socket, _) = connect_async(request).await.unwrap();
        for frame in
            [json!({ "hello": { "ticket": ticket["ticket"] } }), json!({ "subscribe": { "channel": channel } })]
        {
            socket.send(Message::text(frame.to_string())).await.unwrap();
        }
        loop {
            let frame = socket.next().await.unwrap().unwrap().into_text().unwrap();
            let frame: Value = serde_json::from_str(&frame).unwrap();
            if frame["subscribed"]["channel"] == json!(channel) {
                return Ok(());
            }
            for refusal in [&frame["unsubscribed"], &frame["error"]] {
                if refusal["channel"] == json!(channel) {
                    return Err(text(&refusal["reason"]));
                }
            }
        }
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

/// The stores of a community of its own on the servers.
async fn on_servers(runtime: &RuntimeContext, settings: &mut Settings) -> Stores {
    let community = TestCluster::new().await;
    let postgres = Database::<Postgres>::connect(&community.postgres, &PoolConfig::default()).unwrap();
    let mongo = mongo::Database::open(&community.mongodb, &mongo::PoolConfig::default()).await.unwrap();
    postgres.migrate().await.unwrap();
    mongo.migrate().await.unwrap();
    let (clock, entropy) = (runtime.clock.clone(), runtime.entropy.clone());
    let redis = Redis::open(&community.redis, &community.namespace, clock, entropy.clone()).unwrap();
    let nats = nats::Connection::open(&community.nats, "kith", entropy).await.unwrap();
    settings.cluster.namespace = community.namespace;
    // Many communities share one server here, which sets aside what each may take.
    (settings.cluster.event_stream_max_bytes, settings.cluster.replay_log_max_bytes) = (64 << 20, 64 << 20);
    let stores = Stores::cluster(&Servers { postgres, mongo, redis, nats }, runtime, settings).unwrap();
    Stores { cluster: None, ..stores }
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
