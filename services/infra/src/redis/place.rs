//! Which kinds of URL there are.

use std::{fmt, time::Duration};

use kernel::{Failure, Fault};
use redis::{
    AsyncConnectionConfig, Client, RedisResult,
    cluster::ClusterClient,
    sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType},
};
use tokio::sync::Mutex;

use super::connection::Connection;

/// How long it may take to connect, and how long a connection may keep one question waiting.
const CONNECT: Duration = Duration::from_millis(500);
const RESPONSE: Duration = Duration::from_secs(1);

/// Where to connect to.
pub(super) enum Place {
    /// One server.
    One(Client),
    /// A cluster.
    Cluster(ClusterClient),
    /// The master that sentinels name, asked again for each connection: it may be another one since.
    Sentinels(Mutex<SentinelClient>),
}

impl Place {
    pub(super) fn read(url: &str) -> Result<Self, Failure> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("a Redis URL has a scheme"))?;
        let (tls, kind) = match scheme.split_once('+') {
            Some((tls, kind)) => (tls, kind),
            None => (scheme, ""),
        };
        if !["redis", "rediss"].contains(&tls) {
            return Err(wrong("a Redis URL begins with redis:// or rediss://"));
        }
        match kind {
            "" => Client::open(url).map(Self::One).map_err(wrong),
            "cluster" => cluster(tls, rest),
            "sentinel" => sentinels(tls, rest),
            _ => Err(wrong("a Redis URL is of a server, a +cluster or of +sentinel")),
        }
    }

    pub(super) async fn connect(&self) -> RedisResult<Connection> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(RESPONSE));
        match self {
            Self::One(client) => {
                client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::One)
            }
            Self::Cluster(client) => client.get_async_connection().await.map(Connection::Cluster),
            Self::Sentinels(client) => {
                client.lock().await.get_async_connection_with_config(&config).await.map(Connection::One)
            }
        }
    }
}

/// The kind alone: who is let in by what is not said.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One(_) => "server",
            Self::Cluster(_) => "cluster",
            Self::Sentinels(_) => "sentinels",
        })
    }
}

fn cluster(tls: &str, rest: &str) -> Result<Place, Failure> {
    let (credentials, hosts) = split_credentials(rest);
    let hosts = hosts.split('/').next().unwrap_or_default();
    let nodes: Vec<String> = hosts.split(',').map(|host| format!("{tls}://{credentials}{host}")).collect();
    let client =
        ClusterClient::builder(nodes).connection_timeout(CONNECT).response_timeout(RESPONSE).retries(1).build();
    client.map(Place::Cluster).map_err(wrong)
}

fn sentinels(tls: &str, rest: &str) -> Result<Place, Failure> {
    let (credentials, rest) = split_credentials(rest);
    let mut parts = rest.split('/');
    let (hosts, master) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if master.is_empty() {
        return Err(wrong("a Redis URL of sentinels ends with the name of the master they watch"));
    }
    let nodes: Vec<String> = hosts.split(',').map(|host| format!("{tls}://{}", with_port(host))).collect();
    // As one server would be told: who comes in, and which database.
    let database = parts.next().map_or_else(String::new, |number| format!("/{number}"));
    let node = Client::open(format!("{tls}://{credentials}localhost{database}")).map_err(wrong)?;
    let info = SentinelNodeConnectionInfo::default()
        .set_redis_connection_info(node.get_connection_info().redis_settings().clone());
    let client = SentinelClient::build(nodes, master, Some(info), SentinelServerType::Master);
    client.map(|client| Place::Sentinels(Mutex::new(client))).map_err(wrong)
}

/// `user:password@`, or nothing; and the rest.
fn split_credentials(rest: &str) -> (&str, &str) {
    let end = rest.rfind('@').map_or(0, |at| at.saturating_add(1));
    rest.split_at(end)
}

fn with_port(host: &str) -> String {
    const SENTINEL: u16 = 26_379;
    if host.contains(':') { host.to_owned() } else { format!("{host}:{SENTINEL}") }
}

fn wrong(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    Failure::new(Fault::Invalid, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(url: &str) -> String {
        Place::read(url).map_or_else(|failure| format!("{:?}", failure.kind()), |place| place.to_string())
    }

    #[test]
    fn a_url_names_a_server_a_cluster_or_sentinels() {
        assert_eq!(kind("redis://:secret@localhost:6380/2"), "server");
        assert_eq!(kind("rediss://localhost"), "server");
        assert_eq!(kind("redis+cluster://user:secret@one:7000,two:7001"), "cluster");
        assert_eq!(kind("redis+sentinel://:secret@one,two:26380/mymaster/1"), "sentinels");
        for url in ["", "localhost", "http://localhost", "redis+ring://localhost", "redis+sentinel://one,two"] {
            assert_eq!(kind(url), "Invalid", "{url}");
        }
    }
}
