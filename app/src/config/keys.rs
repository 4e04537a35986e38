//! Every key of the configuration. What is written here is the struct, the reader, the variables and the docs.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::{
    choice::{Directives, Embedded, LogFormat, Mode},
    declare::{Key, declare},
    network::{Namespace, Network, Origins, PublicUrl, ServerUrl},
    secrets::Secret,
    value::{List, Size, Value},
};

declare! {
    /// What the process is, and where.
    Config "" {
        /// What the process is for. In production nothing is made up for you: secrets, the public URL and the store are said.
        mode: Mode = "development",
        /// Where it listens. Port 0 takes a free one.
        listen: SocketAddr = "127.0.0.1:8080",
        /// What clients reach it by. Without it, where it listens.
        public_url: Option<PublicUrl> = "",
        /// The folder of everything that is kept: the database and, in development, the secrets.
        data_dir: PathBuf = "./data",
        /// Whether everything is kept in one file, by one process. In production it has to be asked for: `true`.
        embedded: Embedded = "auto",
        /// Postgres, with the database in its path. The four servers come together, and make the process a node of a cluster.
        postgres_url: Option<ServerUrl> = "",
        /// MongoDB, with the database in its path: `kith` where it names none.
        mongodb_url: Option<ServerUrl> = "",
        /// Redis: one server (`redis://` or `rediss://`), a cluster (`redis+cluster://`) or sentinels (`redis+sentinel://`).
        redis_url: Option<ServerUrl> = "",
        /// NATS with JetStream: one server of its cluster, or several with commas between them.
        nats_url: Option<ServerUrl> = "",
        /// The networks of proxies that are believed when they say whom they forward for.
        trusted_proxies: List<Network> = "",
        ;
        /// The servers of a cluster.
        cluster: Cluster,
        /// Pages of others.
        cors: Cors,
        /// What is logged.
        log: Log,
        /// Calls.
        http: Http,
        /// Sockets.
        realtime: Realtime,
        /// Tokens.
        auth: Auth,
        /// What is written down of privileged acts.
        audit: Audit,
        /// What everything is sealed with.
        secrets: Secrets,
    }

    /// How a node uses the servers of its cluster.
    Cluster "cluster." {
        /// What streams, subjects and keys begin with, so that two communities can share servers.
        namespace: Namespace = "kith",
        /// The most connections of a node to Postgres.
        postgres_connections: usize = "16",
        /// The most connections of a node to MongoDB.
        mongodb_connections: usize = "64",
        /// On how many servers of the NATS cluster each event is kept before a write of it counts.
        nats_replicas: usize = "1",
        /// The most bytes that events take on NATS until all nodes have reacted. What does not fit waits in the databases.
        events_bytes: Size = "1GiB",
        /// The most bytes that all channels together take on NATS for those who reconnect. Beyond it the oldest go first.
        log_bytes: Size = "1GiB",
    }

    /// Whose pages may call.
    Cors "cors." {
        /// The origins of pages that may call from a browser, and open sockets.
        origins: Origins = "",
    }

    /// What is logged, to standard error, in UTC.
    Log "log." {
        /// `pretty` for people, `json` for machines. Without it, `pretty` in development and `json` in production.
        format: Option<LogFormat> = "",
        /// What is logged, as tracing's directives: a level, and exceptions to it by module, as `info,storage=debug`.
        level: Directives = "info",
    }

    /// What a call may cost.
    Http "http." {
        /// The most bytes of a request, as sent.
        body_bytes: Size = "256KiB",
        /// The most bytes of a message, unpacked.
        message_bytes: Size = "256KiB",
        /// The most calls at once; further ones are refused, and may be repeated.
        calls: usize = "512",
        /// The most streams at once.
        streams: usize = "10000",
        /// The longest that a call may take.
        call_timeout: Duration = "5s",
        /// The longest that a stream may last.
        stream_timeout: Duration = "1h",
        /// The longest that a client may take to send the head of a request.
        head_timeout: Duration = "10s",
        /// How long calls and sockets may go on once the process is told to stop.
        drain_window: Duration = "20s",
    }

    /// What a socket may cost, and how far back a reconnect recovers.
    Realtime "realtime." {
        /// The most bytes that wait for one client before it is cut.
        queue_bytes: Size = "256KiB",
        /// The most channels of one connection.
        channels: usize = "128",
        /// The most events that a client may have missed on a channel and still recover.
        replay: usize = "300",
        /// How long events of a channel are kept for those who reconnect.
        log_age: Duration = "1h",
        /// The most events of a channel that are kept.
        log_entries: usize = "1000",
        /// The most bytes of a channel that are kept.
        log_bytes: Size = "1MiB",
        /// The silence after which a client is pinged. Most proxies cut after 30 s or more.
        ping_after: Duration = "25s",
        /// The most connections of one account at once.
        connections_per_account: usize = "5",
    }

    /// In whose name tokens speak.
    Auth "auth." {
        /// Who issues access tokens (`iss`). Without it, `public_url` if it is set, else `kith`. A change ends all access tokens.
        issuer: Option<String> = "",
        /// Whom access tokens are for (`aud`).
        audience: String = "kith",
    }

    /// What is written down of privileged acts.
    Audit "audit." {
        /// The file where signed checkpoints of the audit trail are appended: on another disk than the database, if there is one. Without it, `audit.checkpoints` in the data folder; in a cluster MongoDB keeps them, and a file only where one is named.
        checkpoints: Option<PathBuf> = "",
    }

    /// What everything is sealed with: 32 random bytes each, in base64 or hex, as `openssl rand -hex 32` makes them.
    Secrets "secrets." {
        /// What new things are sealed with. In development one is made at the first start and kept in the data folder.
        current: Option<Secret> = "",
        /// What `secrets.current` was before, newest first; what they sealed can still be opened.
        previous: List<Secret> = "",
        /// What look-ups by e-mail use. It is never changed: nobody would be found by what was indexed before.
        index: Option<Secret> = "",
    }
}
