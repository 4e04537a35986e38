//! Every configuration key. Structs, parsing, environment variables and docs/configuration.md are generated from here.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::{
    declare::declare,
    enums::{Embedded, LogFilter, LogFormat, Mode},
    key::Key,
    network::{IpNetwork, Namespace, Origins, PublicUrl, ServerUrl},
    secret::Secret,
    value::{ConfigValue, List, Size},
};

declare! {
    /// Mode, addresses and storage of the process.
    Config "" {
        /// Environment of the process. In production, secrets, the public URL and the storage must be set explicitly.
        mode: Mode = "development",
        /// Address to listen on. Port 0 selects a free port.
        listen: SocketAddr = "127.0.0.1:8080",
        /// URL under which clients reach the server. Defaults to the listen address.
        public_url: Option<PublicUrl> = "",
        /// Folder of the database and, in development, of the generated secrets.
        data_dir: PathBuf = "./data",
        /// Embedded mode: one process with an SQLite file. In production it must be set to `true` explicitly.
        embedded: Embedded = "auto",
        /// Postgres URL including the database. The four server URLs must be set together; they select cluster mode.
        postgres_url: Option<ServerUrl> = "",
        /// MongoDB URL. The database in the path defaults to `kith`.
        mongodb_url: Option<ServerUrl> = "",
        /// Redis URL of one server (`redis://` or `rediss://`), a cluster (`redis+cluster://`) or sentinels
        /// (`redis+sentinel://`).
        redis_url: Option<ServerUrl> = "",
        /// NATS URL, with JetStream enabled. Several servers of a cluster are separated by commas.
        nats_url: Option<ServerUrl> = "",
        /// Networks of reverse proxies whose forwarding headers are trusted.
        trusted_proxies: List<IpNetwork> = "",
        ;
        /// Cluster resources.
        cluster: Cluster,
        /// Browser access.
        cors: Cors,
        /// Logging.
        log: Log,
        /// HTTP limits.
        http: Http,
        /// WebSocket limits.
        realtime: Realtime,
        /// Access tokens.
        auth: Auth,
        /// Audit log.
        audit: Audit,
        /// Encryption secrets.
        secrets: Secrets,
    }

    /// Use of the servers in cluster mode.
    Cluster "cluster." {
        /// Prefix of streams, subjects and keys. Communities with different prefixes can share servers.
        namespace: Namespace = "kith",
        /// Maximum number of connections of a node to Postgres.
        postgres_connections: usize = "16",
        /// Maximum number of connections of a node to MongoDB.
        mongodb_connections: usize = "64",
        /// Number of NATS servers that must store an event before its publication is acknowledged.
        nats_replicas: usize = "1",
        /// Maximum size of the NATS stream of events that handlers have not processed. Further events wait in the
        /// databases.
        event_stream_max_bytes: Size = "1GiB",
        /// Maximum size of the NATS stream of channel events that reconnecting clients can replay. The oldest events
        /// are dropped first.
        replay_log_max_bytes: Size = "1GiB",
    }

    /// Browser access.
    Cors "cors." {
        /// Origins of web pages that can call the API and open WebSockets.
        allowed_origins: Origins = "",
    }

    /// Logging to standard error. Times are in UTC.
    Log "log." {
        /// `pretty` for people, `json` for machines. Defaults to `pretty` in development and `json` in production.
        format: Option<LogFormat> = "",
        /// Filter in the syntax of tracing directives: a level, and levels of modules, such as `info,kith_storage=debug`.
        level: LogFilter = "info",
    }

    /// HTTP limits.
    Http "http." {
        /// Maximum size of a request body, as sent.
        max_body_bytes: Size = "256KiB",
        /// Maximum size of a message, decompressed.
        max_message_bytes: Size = "256KiB",
        /// Maximum number of concurrent calls. Further calls are refused and can be retried.
        max_concurrent_calls: usize = "512",
        /// Maximum number of concurrent streams.
        max_concurrent_streams: usize = "10000",
        /// Maximum duration of a call, at most 50 s.
        call_timeout: Duration = "5s",
        /// Maximum duration of a stream.
        stream_timeout: Duration = "1h",
        /// Maximum time to receive the head of a request.
        header_timeout: Duration = "10s",
        /// After a shutdown signal: time over which WebSockets are closed, and maximum time for calls in progress.
        drain_timeout: Duration = "20s",
    }

    /// WebSocket limits and replay after a reconnect.
    Realtime "realtime." {
        /// Maximum size of the outbound queue of a connection. A connection that exceeds it is closed.
        max_queue_bytes: Size = "256KiB",
        /// Maximum number of channels of a connection.
        max_channels: usize = "128",
        /// Maximum number of missed events of a channel that are replayed.
        max_replay_events: usize = "300",
        /// Time for which events of a channel are kept for replay.
        replay_log_max_age: Duration = "1h",
        /// Maximum number of events of a channel that are kept for replay.
        replay_log_max_entries: usize = "1000",
        /// Maximum size of the events of a channel that are kept for replay.
        replay_log_max_bytes: Size = "1MiB",
        /// Idle time after which a client is pinged. Most proxies close idle connections after 30 s or more.
        ping_interval: Duration = "25s",
        /// Maximum number of concurrent connections of an account.
        connections_per_account: usize = "5",
    }

    /// Access tokens.
    Auth "auth." {
        /// Issuer of access tokens (`iss`). Defaults to `public_url` if set, otherwise `kith`. A change invalidates
        /// all access tokens.
        issuer: Option<String> = "",
        /// Audience of access tokens (`aud`).
        audience: String = "kith",
    }

    /// Audit log.
    Audit "audit." {
        /// File to which signed checkpoints of the audit log are appended, preferably on another disk than the
        /// database. In embedded mode it defaults to `audit.checkpoints` in the data folder. In cluster mode MongoDB
        /// stores the checkpoints, and a file is written only if it is set.
        checkpoint_file: Option<PathBuf> = "",
    }

    /// Encryption secrets: 32 random bytes each, in base64 or hex, as generated by `openssl rand -hex 32`.
    Secrets "secrets." {
        /// Secret that encrypts new data. In development it is generated at the first start and stored in the data
        /// folder.
        current: Option<Secret> = "",
        /// Former values of `secrets.current`, newest first. They decrypt existing data.
        previous: List<Secret> = "",
        /// Secret of the blind index for look-ups by e-mail. It must never change: existing entries would no longer
        /// be found.
        blind_index: Option<Secret> = "",
    }
}
