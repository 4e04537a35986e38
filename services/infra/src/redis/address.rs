//! Addresses of Redis: one server, a cluster, or sentinels.

use redis::{
    Client, IntoConnectionInfo as _, ProtocolVersion, RedisConnectionInfo, TlsMode,
    cluster::{ClusterClient, ClusterClientBuilder},
    sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType},
};

use super::CONNECT_TIMEOUT;

/// Parsed URL.
#[derive(Clone)]
pub(super) enum Address {
    Single(Client),
    Cluster(Box<ClusterClient>),
    Sentinels(Sentinels),
}

/// Sentinels that name the current master.
#[derive(Clone)]
pub(super) struct Sentinels {
    urls: Vec<String>,
    master: String,
    server: SentinelNodeConnectionInfo,
}

/// The text is not a Redis URL. The error does not repeat it, since it may contain a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid Redis URL; expected redis://[user:password@]host[:port][/database], rediss:// for TLS, \
     redis+cluster://host,host or a list of hosts for a cluster, redis+sentinel://host,host/master-name[/database]"
)]
pub struct InvalidUrl;

/// Parts of a URL after the scheme.
struct Parts<'a> {
    /// Includes the `@`, or is empty.
    user: &'a str,
    hosts: Vec<&'a str>,
    /// Without the leading slash.
    path: &'a str,
    /// Includes the question mark, or is empty.
    query: &'a str,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, InvalidUrl> {
        let (scheme, rest) = url.split_once("://").ok_or(InvalidUrl)?;
        let parts = Parts::parse(rest)?;
        match scheme {
            "redis" | "rediss" if parts.hosts.len() == 1 => Client::open(url).map(Self::Single).map_err(|_| InvalidUrl),
            "redis" | "redis+cluster" => cluster(&parts, "redis"),
            "rediss" | "rediss+cluster" => cluster(&parts, "rediss"),
            "redis+sentinel" => sentinels(&parts, None),
            "rediss+sentinel" => sentinels(&parts, Some(TlsMode::Secure)),
            _ => Err(InvalidUrl),
        }
    }
}

impl<'a> Parts<'a> {
    fn parse(rest: &'a str) -> Result<Self, InvalidUrl> {
        let (rest, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at.saturating_add(1)));
        let hosts: Vec<&str> = hosts.split(',').collect();
        if hosts.iter().any(|host| host.is_empty()) {
            return Err(InvalidUrl);
        }
        Ok(Self { user, hosts, path, query })
    }

    /// Returns one URL per host, each with the credentials.
    fn urls(&self, scheme: &str, user: &str) -> Vec<String> {
        self.hosts.iter().map(|host| format!("{scheme}://{user}{host}/{}", self.query)).collect()
    }
}

/// A cluster has only database 0.
fn cluster(parts: &Parts<'_>, scheme: &str) -> Result<Address, InvalidUrl> {
    if !matches!(parts.path, "" | "0") {
        return Err(InvalidUrl);
    }
    let nodes = parts.urls(scheme, parts.user);
    // The driver follows redirects of moved keys. Other failures are returned to the caller.
    let builder =
        ClusterClientBuilder::new(nodes).connection_timeout(CONNECT_TIMEOUT).response_timeout(CONNECT_TIMEOUT);
    builder.retries(2).build().map(|client| Address::Cluster(Box::new(client))).map_err(|_| InvalidUrl)
}

/// The credentials are for the server; sentinels are queried without.
fn sentinels(parts: &Parts<'_>, tls: Option<TlsMode>) -> Result<Address, InvalidUrl> {
    let (master, database) = parts.path.split_once('/').unwrap_or((parts.path, "0"));
    if master.is_empty() {
        return Err(InvalidUrl);
    }
    // Parsed by the driver, so that passwords are encoded in the same way in all URLs.
    let template = format!("redis://{}host/{database}{}", parts.user, parts.query);
    let template = template.into_connection_info().map_err(|_| InvalidUrl)?;
    let settings: RedisConnectionInfo = template.redis_settings().clone().set_protocol(ProtocolVersion::RESP2);
    let server = SentinelNodeConnectionInfo::default().set_redis_connection_info(settings);
    let server = match tls {
        Some(mode) => server.set_tls_mode(mode),
        None => server,
    };
    let urls = parts.urls(if tls.is_some() { "rediss" } else { "redis" }, "");
    let sentinels = Sentinels { urls, master: master.to_owned(), server };
    sentinels.client().map_err(|_| InvalidUrl)?;
    Ok(Address::Sentinels(sentinels))
}

impl Sentinels {
    /// Creates a client without cached state: after a failover the cached master is wrong.
    pub(super) fn client(&self) -> redis::RedisResult<SentinelClient> {
        let server = Some(self.server.clone());
        SentinelClient::build(self.urls.clone(), &self.master, server, SentinelServerType::Master)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(url: &str) -> &'static str {
        match Address::parse(url) {
            Ok(Address::Single(_)) => "single",
            Ok(Address::Cluster(_)) => "cluster",
            Ok(Address::Sentinels(_)) => "sentinels",
            Err(InvalidUrl) => "invalid",
        }
    }

    #[test]
    fn every_kind_of_url_is_recognized() {
        for url in ["redis://localhost", "redis://u:p%40@host:6380/3", "rediss://host", "redis://[::1]:6379"] {
            assert_eq!(kind(url), "single", "{url}");
        }
        for url in ["redis+cluster://a", "rediss+cluster://u:p@a:1,b:2,c", "redis://a:1,b:2", "rediss://a,b/0"] {
            assert_eq!(kind(url), "cluster", "{url}");
        }
        for url in ["redis+sentinel://a:26379,b/kith", "rediss+sentinel://u:p@a/kith/2"] {
            assert_eq!(kind(url), "sentinels", "{url}");
        }
    }

    #[test]
    fn an_invalid_url_is_rejected_without_repeating_it() {
        let broken = [
            "",
            "localhost",
            "http://host",
            "redis://",
            "redis://a,,b",
            "redis+cluster://a,b/3",
            "redis+sentinel://a,b",
            "redis+sentinel://a/kith/x",
            "redis://host:port",
            "redis://u:secret@",
        ];
        for url in broken {
            assert_eq!(kind(url), "invalid", "{url}");
        }
        assert!(!InvalidUrl.to_string().contains("secret"));
    }

    #[test]
    fn sentinels_are_queried_without_the_password_of_the_server() {
        let Ok(Address::Sentinels(sentinels)) = Address::parse("redis+sentinel://u:p@a:1,b/kith/2") else {
            panic!("sentinels")
        };
        assert_eq!(sentinels.urls, ["redis://a:1/", "redis://b/"]);
        assert_eq!(sentinels.master, "kith");
    }
}
