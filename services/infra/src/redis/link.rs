//! A connection, to whichever kind of Redis.

use redis::{
    AsyncConnectionConfig, Cmd, Pipeline, RedisFuture, RedisResult, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster_async::ClusterConnection,
};

use super::{TO_CONNECT, address::Address};

/// Shared by all calls at once; cheap to clone. One that broke stays broken.
#[derive(Clone)]
pub(crate) enum Link {
    /// To one server.
    One(MultiplexedConnection),
    /// To each master of a cluster.
    Cluster(ClusterConnection),
}

impl Address {
    /// A new connection. Sentinels are asked again each time.
    pub(super) async fn connect(&self) -> RedisResult<Link> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(TO_CONNECT))
            // Who waits says for how long.
            .set_response_timeout(None);
        match self {
            Self::One(client) => client.get_multiplexed_async_connection_with_config(&config).await.map(Link::One),
            Self::Cluster(client) => client.get_async_connection().await.map(Link::Cluster),
            Self::Sentinels(sentinels) => {
                sentinels.client()?.get_async_connection_with_config(&config).await.map(Link::One)
            }
        }
    }
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(link) => link.req_packed_command(cmd),
            Self::Cluster(link) => link.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(link) => link.req_packed_commands(pipeline, offset, count),
            Self::Cluster(link) => link.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(link) => link.get_db(),
            Self::Cluster(link) => link.get_db(),
        }
    }
}
