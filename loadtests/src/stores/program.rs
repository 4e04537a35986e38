//! `kith serve` as a process, and many accounts that call it. Quotas are held, as they are for everybody: accounts are
//! made for each measurement, before it begins.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{AT_ONCE, Method};
use crate::{
    closed::{Taken, call},
    process::{Server, free_port},
};

const REGISTER: &str = "/kith.auth.v1.AuthService/RegisterAnonymous";
/// An answer with a page of posts is smaller.
const ANSWER: usize = 256 * 1_024;
/// How many accounts are made at once: each costs a hash that is meant to be slow.
const REGISTERING: usize = 4;
/// How long it may take to come to rest after many posts.
const REST_WITHIN: Duration = Duration::from_mins(2);

/// A node that serves a community of its own.
pub struct Program {
    server: Server,
    address: String,
    /// Posts that were read from the feed.
    known: Vec<String>,
    strangers: AtomicU32,
}

impl Program {
    /// Starts the `kith` that lies beside this program, with what this folder has and these choices.
    ///
    /// # Errors
    /// If it is not there, or does not listen.
    pub async fn start(folder: &Path, chosen: &[(String, String)]) -> Result<Self> {
        let kith = std::env::current_exe()?.with_file_name("kith");
        ensure!(kith.is_file(), "build kith first");
        let port = free_port()?;
        let address = format!("127.0.0.1:{port}");
        let mut command = Command::new(kith);
        command.arg("serve").current_dir(folder).env("KITH_DATA_DIR", folder.join("data"));
        // Whoever calls from here says for whom, as a proxy does: the quotas of strangers are by address.
        command.env("KITH_LISTEN", &address).env("KITH_TRUSTED_PROXIES", "127.0.0.1");
        command.envs(chosen.iter().map(|(key, value)| (key, value)));
        let server = Server::start(command, port).await?;
        Ok(Self { server, address, known: Vec::new(), strangers: AtomicU32::new(0) })
    }

    /// Lets as many as [`AT_ONCE`] call this method, each so many times, and waits until all that follows is done.
    ///
    /// # Errors
    /// If an answer is no 200.
    pub async fn measure(&self, method: Method, times: usize) -> Result<Taken> {
        let prepared = stream::iter(0..AT_ONCE).map(|_| self.requests(method, times)).buffer_unordered(REGISTERING);
        let calls: Vec<_> = prepared.try_collect().await?;
        self.rest().await?;
        let (began, worked) = (Instant::now(), self.server.worked()?);
        let mut callers = JoinSet::new();
        for requests in calls {
            callers.spawn(calling(self.address.clone(), requests));
        }
        while let Some(ended) = callers.join_next().await {
            ended??;
        }
        let (took, worked) = (began.elapsed(), self.server.worked()?.saturating_sub(worked));
        let calls = f64::from(u32::try_from(times.saturating_mul(AT_ONCE))?);
        self.rest().await?;
        Ok(Taken { rate: calls / took.as_secs_f64(), cost: worked.as_secs_f64() * 1e6 / calls })
    }

    /// What one of those who call at once sends, from accounts of its own.
    async fn requests(&self, method: Method, times: usize) -> Result<Vec<Vec<u8>>> {
        let mut requests = Vec::with_capacity(times);
        while requests.len() < times {
            let token = self.register().await?;
            let many = method.each().min(times.saturating_sub(requests.len()));
            requests.extend((0..many).map(|number| self.request(method, &token, number)));
        }
        Ok(requests)
    }

    /// Reads a page of the feed, and gives the ids on it. They are what [`Method::GetPost`] asks for from now on.
    ///
    /// # Errors
    /// If there is none.
    pub async fn look(&mut self) -> Result<&[String]> {
        let token = self.register().await?;
        let page = self.once(&self.bytes(path(Method::GetFeed), &json!({ "pageSize": 100 }), &bearer(&token))).await?;
        let posts = page.get("posts").and_then(Value::as_array).context("posts")?;
        self.known = posts.iter().filter_map(|post| Some(post.get("id")?.as_str()?.to_owned())).collect();
        ensure!(!self.known.is_empty(), "nobody has written anything");
        Ok(&self.known)
    }

    /// Waits until it has nothing to do: what follows from a post goes on after the answer.
    async fn rest(&self) -> Result<()> {
        const LOOKS: Duration = Duration::from_millis(500);
        let began = Instant::now();
        while began.elapsed() < REST_WITHIN {
            let worked = self.server.worked()?;
            sleep(LOOKS).await;
            if self.server.worked()?.saturating_sub(worked) <= LOOKS / 16 {
                return Ok(());
            }
        }
        bail!("it does not come to rest")
    }

    async fn register(&self) -> Result<String> {
        // 198.18.0.0/15 is for tests, RFC 2544.
        let [_, _, high, low] = self.strangers.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let from = format!("x-forwarded-for: 198.18.{high}.{low}\r\n");
        let welcome = self.once(&self.bytes(REGISTER, &json!({}), &from)).await?;
        let token = welcome.pointer("/credentials/accessToken").and_then(Value::as_str);
        Ok(token.context("an access token")?.to_owned())
    }

    fn request(&self, method: Method, token: &str, number: usize) -> Vec<u8> {
        let body = match method {
            Method::CreatePost => json!({
                "kind": "POST_KIND_QUESTION",
                "urgency": 2,
                "body": "Day nine. The evenings are still the longest part of it. What do you do with your hands?",
                "categories": ["alcohol"],
            }),
            Method::GetFeed => json!({}),
            Method::GetPost => {
                let nth = number.checked_rem(self.known.len()).and_then(|nth| self.known.get(nth));
                json!({ "postId": nth })
            }
        };
        self.bytes(path(method), &body, &bearer(token))
    }

    fn bytes(&self, path: &str, body: &Value, headers: &str) -> Vec<u8> {
        let (address, body) = (&self.address, body.to_string());
        let length = body.len();
        let head = "content-type: application/json\r\ncontent-length:";
        format!("POST {path} HTTP/1.1\r\nhost: {address}\r\n{head} {length}\r\n{headers}\r\n{body}").into_bytes()
    }

    async fn once(&self, request: &[u8]) -> Result<Value> {
        let (mut socket, mut answer) = (TcpStream::connect(&self.address).await?, vec![0; ANSWER]);
        Ok(serde_json::from_slice(call(&mut socket, request, &mut answer).await?)?)
    }
}

async fn calling(address: String, requests: Vec<Vec<u8>>) -> Result<()> {
    let (mut socket, mut answer) = (TcpStream::connect(&address).await?, vec![0; ANSWER]);
    socket.set_nodelay(true)?;
    for request in requests {
        call(&mut socket, &request, &mut answer).await?;
    }
    Ok(())
}

const fn path(method: Method) -> &'static str {
    match method {
        Method::CreatePost => "/kith.posts.v1.PostService/CreatePost",
        Method::GetFeed => "/kith.posts.v1.PostService/GetFeed",
        Method::GetPost => "/kith.posts.v1.PostService/GetPost",
    }
}

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}\r\n")
}

/// A folder that is taken away when this is dropped.
pub struct Folder(PathBuf);

impl Folder {
    /// A new one.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new(name: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("kith-stores-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = fs::remove_dir_all(&self.0);
    }
}
