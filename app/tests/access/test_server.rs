//! The whole application in this process, in either mode, over real HTTP, with a manual clock and without quotas.

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
    wiring::{App, QuotaMode, RuntimeContext, Servers, Settings, Stores},
};
use kith_infra::{keys::KeyRing, nats, redis::Redis};
use kith_kernel::{
    Clock as _, SystemClock, SystemEntropy, UserId,
    actor::Role,
    ports::{SetRole, StaffDirectory as _},
};
use kith_storage::{
    mongo,
    sql::{Database, PoolConfig, Postgres},
};
use kith_testkit::{ManualClock, SqliteDatabase, TestCluster};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest as _, http::HeaderValue},
};

pub(crate) const PASSWORD: &str = "a long walk by the river";

/// Mode of the server.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode {
    /// One SQLite file.
    Embedded,
    /// Postgres, MongoDB, Redis and NATS. Events are still delivered within the process, so that a test can wait for
    /// their delivery.
    Cluster,
}

/// The application on its own TCP port, with a manual clock.
pub(crate) struct TestServer {
    pub(crate) app: App,
    pub(crate) clock: Arc<ManualClock>,
    base: String,
    client: Client,
    /// Client for streams. Bidirectional streams require HTTP/2.
    stream_client: Client,
    next_email: AtomicU64,
    /// Address of an account with [`PASSWORD`]. Shared, because hashing a password for each cell is too slow.
    pub(crate) email: String,
    /// Moderator without a conflict of interest.
    pub(crate) moderator: User,
    /// Access token that has expired.
    pub(crate) expired_token: String,
    _database: Option<SqliteDatabase>,
}

/// Registered user.
#[derive(Default)]
pub(crate) struct User {
    /// Account id. Empty unless the user was created by [`TestServer::register_with_account_id`].
    pub(crate) account: String,
    pub(crate) persona: String,
    pub(crate) session: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) recovery_code: String,
}

impl TestServer {
    pub(crate) async fn start(mode: Mode) -> Self {
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let entropy = Arc::new(SystemEntropy);
        let ring = Arc::new(KeyRing::new(&[7; 32], &[], &[8; 32], entropy.clone()));
        let runtime = RuntimeContext { clock: clock.clone(), entropy, ring };
        let mut settings = Settings { quotas: QuotaMode::Unlimited, ..Settings::default() };
        let (database, stores) = match mode {
            Mode::Embedded => {
                let database = kith_testkit::sqlite_database().await;
                let stores = Stores::embedded(&database, &runtime, &settings).unwrap();
                (Some(database), stores)
            }
            Mode::Cluster => (None, cluster_stores(&runtime, &mut settings).await),
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
        let email = "user@example.org".to_owned();
        let stream_client = Client::builder().http2_prior_knowledge().build().unwrap();
        let (client, next_email) = (Client::new(), AtomicU64::new(0));
        let (moderator, expired_token) = Default::default();
        let mut server = Self {
            app,
            clock,
            base,
            client,
            stream_client,
            next_email,
            email,
            moderator,
            expired_token,
            _database: database,
        };
        let credentials = json!({ "email": server.email, "password": PASSWORD });
        server.call("/kith.auth.v1.AuthService/RegisterWithEmail", None, &credentials).await.unwrap();
        server.moderator = server.register().await;
        server.set_role(&server.moderator, Role::Moderator).await;
        server.expired_token = server.register().await.access;
        server.clock.advance(Duration::from_mins(11));
        server
    }

    /// Sets a staff role, like an operator.
    pub(crate) async fn set_role(&self, user: &User, role: Role) {
        let user = self.account_id(user).await;
        let command = SetRole { user, role, by: user, session: None };
        self.app.ports.users.staff.set_role(&command).await.unwrap();
        // Session lookups are cached for one second.
        self.clock.advance(Duration::from_secs(1));
    }

    /// Registers an anonymous user and loads the account id.
    pub(crate) async fn register_with_account_id(&self) -> User {
        let user = self.register().await;
        User { account: self.account_id(&user).await.to_string(), ..user }
    }

    /// Returns the account id, which only the account itself can read.
    pub(crate) async fn account_id(&self, user: &User) -> UserId {
        let me = self.call("/kith.users.v1.UserService/GetMe", Some(&user.access), &json!({})).await.unwrap();
        UserId::from_uuid(text(&me["me"]["accountId"]).parse().unwrap())
    }

    /// Registers an anonymous user.
    pub(crate) async fn register(&self) -> User {
        let registration = self.call("/kith.auth.v1.AuthService/RegisterAnonymous", None, &json!({})).await.unwrap();
        let credentials = &registration["credentials"];
        let access = text(&credentials["accessToken"]);
        User {
            account: String::new(),
            persona: text(&registration["persona"]["id"]),
            session: text(&credentials["sessionId"]),
            refresh: text(&credentials["refreshToken"]),
            recovery_code: text(&registration["recoveryCode"]),
            access,
        }
    }

    /// Returns an unused e-mail address.
    pub(crate) fn unused_email(&self) -> String {
        format!("n{}@example.org", self.next_email.fetch_add(1, Ordering::SeqCst))
    }

    /// Logs in on a new device. Returns the access token.
    pub(crate) async fn log_in(&self, user: &User) -> String {
        let body = json!({ "recoveryCode": user.recovery_code });
        let registration = self.call("/kith.auth.v1.AuthService/LoginWithRecoveryCode", None, &body).await.unwrap();
        text(&registration["credentials"]["accessToken"])
    }

    /// Delivers all events, including those that handlers emit.
    pub(crate) async fn deliver_events(&self) {
        while self.app.entrypoints.relay.drain().await.unwrap() > 0 {}
    }

    /// Runs all periodic jobs once.
    pub(crate) async fn run_jobs(&self) {
        for job in &self.app.entrypoints.periodic_jobs {
            job.run().await.unwrap();
        }
        while self.app.entrypoints.timer_worker.fire_due().await.unwrap() > 0 {}
    }

    /// Calls a unary method. Returns the response, or the code of the error.
    pub(crate) async fn call(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Value, String> {
        let mut request = self.client.post(format!("{}{path}", self.base)).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let is_success = response.status().is_success();
        let body = response.text().await.unwrap();
        let body: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{path} returned {body:?}"));
        if is_success { Ok(body) } else { Err(text(&body["code"])) }
    }

    /// Subscribes to a channel on a new WebSocket. Fails with the code or the reason of the error.
    pub(crate) async fn subscribe(&self, token: Option<&str>, channel: &str) -> Result<(), String> {
        let ticket = self.call("/kith.auth.v1.AuthService/CreateRealtimeTicket", token, &json!({})).await?;
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
            for failure in [&frame["unsubscribed"], &frame["error"]] {
                if failure["channel"] == json!(channel) {
                    return Err(text(&failure["reason"]));
                }
            }
        }
    }

    /// Starts a stream. Returns its first message, or the code of the error.
    pub(crate) async fn start_stream(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Value, String> {
        let message = body.to_string();
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        let envelope = [&[0][..], &length, message.as_bytes()].concat();
        let mut request = self.stream_client.post(format!("{}{path}", self.base)).body(envelope);
        request = request.header("content-type", "application/connect+json").header("connect-protocol-version", "1");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let mut response = request.send().await.unwrap();
        let mut bytes = Vec::new();
        loop {
            if let Some((flags, message)) = parse_envelope(&bytes) {
                return match message.get("error") {
                    Some(error) if flags & 2 == 2 => Err(text(&error["code"])),
                    _ => Ok(message),
                };
            }
            bytes.extend(response.chunk().await.unwrap().unwrap_or_else(|| panic!("{path} ended without a message")));
        }
    }
}

/// Creates stores in an isolated namespace on the shared servers.
async fn cluster_stores(runtime: &RuntimeContext, settings: &mut Settings) -> Stores {
    let cluster = TestCluster::new().await;
    let postgres = Database::<Postgres>::connect(&cluster.postgres, &PoolConfig::default()).unwrap();
    let mongo = mongo::Database::open(&cluster.mongodb, &mongo::PoolConfig::default()).await.unwrap();
    postgres.migrate().await.unwrap();
    mongo.migrate().await.unwrap();
    let (clock, entropy) = (runtime.clock.clone(), runtime.entropy.clone());
    let redis = Redis::open(&cluster.redis, &cluster.namespace, clock, entropy.clone()).unwrap();
    let nats = nats::Connection::open(&cluster.nats, "kith", entropy).await.unwrap();
    settings.cluster.namespace = cluster.namespace;
    // Many tests share one NATS server, which reserves the maximum size of each stream.
    (settings.cluster.event_stream_max_bytes, settings.cluster.replay_log_max_bytes) = (64 << 20, 64 << 20);
    let stores = Stores::cluster(&Servers { postgres, mongo, redis, nats }, runtime, settings).unwrap();
    Stores { cluster: None, ..stores }
}

/// Parses the first complete envelope. Returns its flags and message.
fn parse_envelope(bytes: &[u8]) -> Option<(u8, Value)> {
    let (head, rest) = bytes.split_first_chunk::<5>()?;
    let [flags, length @ ..] = *head;
    let message = rest.get(..usize::try_from(u32::from_be_bytes(length)).ok()?)?;
    Some((flags, serde_json::from_slice(message).unwrap()))
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("expected a string: {value}")).to_owned()
}
