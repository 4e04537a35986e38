//! `kith serve` as a process, and many accounts that call it. Rate limits are enabled as in production, so the accounts
//! of each measurement are registered before it begins.

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

use super::{CONCURRENCY, Method};
use crate::{
    closed_loop::{Measurement, call},
    process::{Server, free_port},
};

const REGISTER: &str = "/kith.auth.v1.AuthService/RegisterAnonymous";
/// Size of the response buffer. A page of posts is smaller.
const RESPONSE_BYTES: usize = 256 * 1_024;
/// Number of concurrent registrations, each of which computes a deliberately slow hash.
const CONCURRENT_REGISTRATIONS: usize = 4;
/// Maximum time until the server is idle after many posts.
const IDLE_TIMEOUT: Duration = Duration::from_mins(2);

/// A server node with its own database.
pub struct KithServer {
    server: Server,
    address: String,
    /// Ids of posts that were read from the feed.
    known: Vec<String>,
    registrations: AtomicU32,
}

impl KithServer {
    /// Starts the `kith` in the folder of this program, with a data folder in `folder` and these settings.
    ///
    /// # Errors
    /// If the program does not exist, or does not accept connections in time.
    pub async fn start(folder: &Path, settings: &[(String, String)]) -> Result<Self> {
        let kith = std::env::current_exe()?.with_file_name("kith");
        ensure!(kith.is_file(), "build kith first");
        let port = free_port()?;
        let address = format!("127.0.0.1:{port}");
        let mut command = Command::new(kith);
        command.arg("serve").current_dir(folder).env("KITH_DATA_DIR", folder.join("data"));
        // The load client is a trusted proxy, because rate limits of registrations are per client address.
        command.env("KITH_LISTEN", &address).env("KITH_TRUSTED_PROXIES", "127.0.0.1");
        command.envs(settings.iter().map(|(key, value)| (key, value)));
        let server = Server::start(command, port).await?;
        Ok(Self { server, address, known: Vec::new(), registrations: AtomicU32::new(0) })
    }

    /// Calls a method `times` times from each of [`CONCURRENCY`] callers, then waits until the server has processed the
    /// events.
    ///
    /// # Errors
    /// If a response is not 200.
    pub async fn measure(&self, method: Method, times: usize) -> Result<Measurement> {
        let prepared = stream::iter(0..CONCURRENCY)
            .map(|_| self.requests(method, times))
            .buffer_unordered(CONCURRENT_REGISTRATIONS);
        let calls: Vec<_> = prepared.try_collect().await?;
        self.wait_until_idle().await?;
        let (began, cpu_before) = (Instant::now(), self.server.cpu_time()?);
        let mut callers = JoinSet::new();
        for requests in calls {
            callers.spawn(run_caller(self.address.clone(), requests));
        }
        while let Some(ended) = callers.join_next().await {
            ended??;
        }
        let (elapsed, cpu) = (began.elapsed(), self.server.cpu_time()?.saturating_sub(cpu_before));
        let calls = f64::from(u32::try_from(times.saturating_mul(CONCURRENCY))?);
        self.wait_until_idle().await?;
        Ok(Measurement { rate: calls / elapsed.as_secs_f64(), cost: cpu.as_secs_f64() * 1e6 / calls })
    }

    /// Builds the requests of one caller, with new accounts.
    async fn requests(&self, method: Method, times: usize) -> Result<Vec<Vec<u8>>> {
        let mut requests = Vec::with_capacity(times);
        while requests.len() < times {
            let token = self.register().await?;
            let count = method.calls_per_account().min(times.saturating_sub(requests.len()));
            requests.extend((0..count).map(|number| self.request(method, &token, number)));
        }
        Ok(requests)
    }

    /// Reads a page of the feed and returns its ids. [`Method::GetPost`] reads these posts from now on.
    ///
    /// # Errors
    /// If the feed is empty.
    pub async fn load_known_posts(&mut self) -> Result<&[String]> {
        let token = self.register().await?;
        let page =
            self.call_once(&self.bytes(path(Method::GetFeed), &json!({ "pageSize": 100 }), &bearer(&token))).await?;
        let posts = page.get("posts").and_then(Value::as_array).context("no posts in the response")?;
        self.known = posts.iter().filter_map(|post| Some(post.get("id")?.as_str()?.to_owned())).collect();
        ensure!(!self.known.is_empty(), "the feed is empty");
        Ok(&self.known)
    }

    /// Waits until the server is idle. It processes the events of a post after the response.
    async fn wait_until_idle(&self) -> Result<()> {
        const POLL_INTERVAL: Duration = Duration::from_millis(500);
        let began = Instant::now();
        while began.elapsed() < IDLE_TIMEOUT {
            let cpu_before = self.server.cpu_time()?;
            sleep(POLL_INTERVAL).await;
            if self.server.cpu_time()?.saturating_sub(cpu_before) <= POLL_INTERVAL / 16 {
                return Ok(());
            }
        }
        bail!("timed out waiting for the server to be idle")
    }

    async fn register(&self) -> Result<String> {
        // RFC 2544 reserves 198.18.0.0/15 for tests.
        let [_, _, high, low] = self.registrations.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let from = format!("x-forwarded-for: 198.18.{high}.{low}\r\n");
        let welcome = self.call_once(&self.bytes(REGISTER, &json!({}), &from)).await?;
        let token = welcome.pointer("/credentials/accessToken").and_then(Value::as_str);
        Ok(token.context("no access token in the response")?.to_owned())
    }

    fn request(&self, method: Method, token: &str, number: usize) -> Vec<u8> {
        let body = match method {
            Method::CreatePost => json!({
                "kind": "POST_KIND_QUESTION",
                "urgency": 2,
                "body": "Day nine. The evenings are still the longest part of it. Any ideas for the hours after nine?",
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

    async fn call_once(&self, request: &[u8]) -> Result<Value> {
        let (mut socket, mut response) = (TcpStream::connect(&self.address).await?, vec![0; RESPONSE_BYTES]);
        Ok(serde_json::from_slice(call(&mut socket, request, &mut response).await?)?)
    }
}

async fn run_caller(address: String, requests: Vec<Vec<u8>>) -> Result<()> {
    let (mut socket, mut response) = (TcpStream::connect(&address).await?, vec![0; RESPONSE_BYTES]);
    socket.set_nodelay(true)?;
    for request in requests {
        call(&mut socket, &request, &mut response).await?;
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

/// Temporary folder. It is removed on drop.
pub struct Folder(PathBuf);

impl Folder {
    /// Creates a folder.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn new(name: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("kith-stores-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // An error cannot be reported from a destructor.
        let _ = fs::remove_dir_all(&self.0);
    }
}
