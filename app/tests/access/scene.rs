//! A server, and the people and things of one cell.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use app::{
    http::{self, Care},
    wiring::{App, Quotas, Settings, Stores, World},
};
use infra::keys::Ring;
use kernel::{Clock as _, SystemClock, SystemEntropy, UserId};
use proto::{METHODS, Shape};
use reqwest::Client;
use serde_json::{Value, json};
use testkit::{HandClock, Sqlite};
use tokio::net::TcpListener;

use crate::Caller;

const PASSWORD: &str = "a long walk by the river";

/// A whole Kith on a port of its own, and a clock in the hand of the test.
pub(crate) struct House {
    app: App,
    clock: Arc<HandClock>,
    base: String,
    client: Client,
    /// Streams of which both sides speak at once take HTTP/2.
    streams: Client,
    addresses: AtomicU64,
    /// An account with an e-mail address: a password costs too much for each cell.
    email: String,
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

    async fn register(&self) -> Person {
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

    /// What a unary call answers: a message, or the code of a refusal.
    async fn say(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Value, String> {
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
    async fn listen(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Value, String> {
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

/// The owner of a post and of what belongs to it, and who calls.
pub(crate) struct Scene<'a> {
    house: &'a House,
    caller: Caller,
    pub(crate) owner: Person,
    other: Person,
    /// The owner's SOS.
    pub(crate) post: String,
    pub(crate) etag: String,
    /// What somebody answered.
    pub(crate) answer: String,
    /// What the owner added.
    pub(crate) follow_up: String,
    token: Option<String>,
}

impl<'a> Scene<'a> {
    pub(crate) async fn set(house: &'a House, caller: Caller) -> Self {
        let (owner, helper, other) = (house.register().await, house.register().await, house.register().await);
        let post = json!({ "kind": "POST_KIND_SOS", "urgency": 5, "body": "is anybody there?" });
        let post = house.say("/kith.posts.v1.PostService/CreatePost", Some(&owner.access), &post).await.unwrap();
        let (etag, post) = (text(&post["post"]["etag"]), text(&post["post"]["id"]));
        let respond = async |person: &Person, words: &str| {
            let body = json!({ "postId": post, "text": words });
            let given = house.say("/kith.support.v1.SupportService/CreateResponse", Some(&person.access), &body).await;
            text(&given.unwrap()["response"]["id"])
        };
        let (answer, follow_up) = (respond(&helper, "I am").await, respond(&owner, "thank you").await);
        let block = async |who: &Person, whom: &Person| {
            let body = json!({ "personaId": whom.persona });
            house.say("/kith.users.v1.UserService/BlockUser", Some(&who.access), &body).await.unwrap();
        };
        match caller {
            Caller::Blocked => block(&owner, &other).await,
            Caller::Blocking => block(&other, &owner).await,
            _ => {}
        }
        let mut scene = Self { house, caller, owner, other, post, etag, answer, follow_up, token: None };
        scene.token = scene.token().await;
        scene
    }

    async fn token(&self) -> Option<String> {
        match self.caller {
            Caller::Nobody => None,
            Caller::Forged => Some(forged(&self.other.access)),
            Caller::Expired => Some(self.expired().await),
            Caller::Refresh => Some(self.other.refresh.clone()),
            Caller::Owner => Some(self.owner.access.clone()),
            Caller::Stranger | Caller::Blocked | Caller::Blocking => Some(self.other.access.clone()),
            Caller::Suspended => {
                self.suspend().await;
                Some(self.other.access.clone())
            }
        }
    }

    /// A token whose time is over, while those of the others go on.
    async fn expired(&self) -> String {
        let old = self.house.register().await.access;
        self.house.clock.pass(Duration::from_mins(11));
        old
    }

    async fn suspend(&self) {
        let account = UserId::from_uuid(self.other.account.parse().unwrap());
        let until = self.house.clock.now().after(Duration::from_hours(24));
        self.house.app.ports.accounts.suspend(account, until, account).await.unwrap();
        // What is known of a session is known for a second.
        self.house.clock.pass(Duration::from_secs(1));
    }

    /// What the caller is answered.
    pub(crate) async fn call(&self, path: &str, body: Value) -> String {
        let method = METHODS.iter().find(|method| method.path == path).unwrap();
        let token = self.token.as_deref();
        let answer = match method.shape {
            Shape::Unary => self.house.say(path, token, &body).await,
            Shape::ServerStream | Shape::ClientStream => self.house.listen(path, token, &body).await,
        };
        answer.map_or_else(|code| code, |_| "ok".to_owned())
    }

    /// An address that nobody has, and a password.
    pub(crate) fn email(&self) -> Value {
        let number = self.house.addresses.fetch_add(1, Ordering::SeqCst);
        json!({ "email": format!("n{number}@example.org"), "password": PASSWORD })
    }

    pub(crate) fn login(&self) -> Value {
        json!({ "email": self.house.email, "password": PASSWORD })
    }

    /// The version of the caller's own profile; of the owner's, if the caller has none.
    pub(crate) async fn own_etag(&self) -> String {
        let path = "/kith.users.v1.UserService/GetMe";
        let mine = self.house.say(path, self.token.as_deref(), &json!({})).await;
        mine.map_or_else(|_| "1".to_owned(), |me| text(&me["me"]["etag"]))
    }

    /// The version of what the caller lets others see.
    pub(crate) async fn privacy_etag(&self) -> String {
        let path = "/kith.users.v1.UserService/GetPrivacySettings";
        let mine = self.house.say(path, self.token.as_deref(), &json!({})).await;
        mine.map_or_else(|_| "1".to_owned(), |mine| text(&mine["settings"]["etag"]))
    }

    /// The version of what the caller counts from.
    pub(crate) async fn streak_etag(&self) -> String {
        let path = "/kith.users.v1.ProgressService/GetStreak";
        let mine = self.house.say(path, self.token.as_deref(), &json!({})).await;
        mine.map_or_else(|_| "0".to_owned(), |mine| text(&mine["streak"]["etag"]))
    }

    /// A relapse that the owner has noted.
    pub(crate) async fn relapse(&self) -> String {
        if self.caller == Caller::Expired {
            return self.post.clone();
        }
        let path = "/kith.users.v1.ProgressService/RecordRelapse";
        let noted = self.house.say(path, Some(&self.owner.access), &json!({})).await.unwrap();
        text(&noted["relapse"]["id"])
    }

    /// The post, after its owner has deleted it.
    pub(crate) async fn deleted_post(&self) -> String {
        if self.caller == Caller::Expired {
            return self.post.clone();
        }
        let body = json!({ "postId": self.post });
        let path = "/kith.posts.v1.PostService/DeletePost";
        self.house.say(path, Some(&self.owner.access), &body).await.unwrap();
        self.post.clone()
    }
}

/// The same claims under a signature that is not ours.
fn forged(token: &str) -> String {
    let (claims, signature) = token.rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    format!("{claims}.{turned}")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text, not {value}")).to_owned()
}
