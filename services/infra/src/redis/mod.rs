//! A Redis server, cluster, or master that sentinels watch, as the adapters of this crate use it: every question ends
//! soon, and who does not answer is left alone for a moment.
//!
//! | file | holds |
//! | --- | --- |
//! | here | the question, its patience, and the breaker before it |
//! | `place` | which kinds of URL there are |
//! | `connection` | one connection, whatever the kind |

mod connection;
mod place;

use std::{sync::Arc, time::Duration};

use kernel::{Clock, Entropy, Failure, Fault};
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, Script};
use tokio::{sync::Mutex, time::timeout};

use self::{connection::Connection, place::Place};
use crate::breaker::{Breaker, Turn};

/// A way to Redis. All connections of a node to it are one, over which questions do not wait for each other.
pub struct Redis {
    place: Place,
    connection: Mutex<Option<Connection>>,
    breaker: Breaker,
    namespace: String,
}

impl Redis {
    /// A way to the Redis of this URL, whose keys begin with `namespace`. Nothing is connected yet: whether it is there
    /// is what [`Redis::answers`] says.
    ///
    /// | URL | is |
    /// | --- | --- |
    /// | `redis://[user:password@]host[:6379][/db]`, `rediss://` | one server, over TLS with the second `s` |
    /// | `redis+cluster://[user:password@]host,host`, `rediss+cluster://` | some of the nodes of a cluster |
    /// | `redis+sentinel://[user:password@]host[:26379],host/master[/db]` | the sentinels of this master |
    ///
    /// # Errors
    /// [`Fault::Invalid`] for a URL that is none of these.
    pub fn new(
        url: &str,
        namespace: impl Into<String>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            place: Place::read(url)?,
            connection: Mutex::default(),
            breaker: Breaker::new(clock, entropy),
            namespace: namespace.into(),
        })
    }

    /// Whether it answers, within a second.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] if it does not.
    pub async fn answers(&self) -> Result<(), Failure> {
        self.ask::<String>(&redis::cmd("PING"), Duration::from_secs(1)).await.map(drop)
    }

    /// The key of this name.
    pub(crate) fn key(&self, kind: &str, name: &str) -> String {
        // In a cluster, braces would choose the slot.
        format!("{}:{kind}:{}", self.namespace, name.replace(['{', '}'], "_"))
    }

    /// What it answers to a command, within this time.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &Cmd, patience: Duration) -> Result<T, Failure> {
        self.within(patience, async |mut connection: Connection| command.query_async(&mut connection).await).await
    }

    /// What a script answers, within this time. It is sent whole only where it is not known yet.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        key: &str,
        arguments: [i64; 2],
        patience: Duration,
    ) -> Result<T, Failure> {
        let [first, second] = arguments;
        let ask = async |mut connection: Connection| {
            script.key(key).arg(first).arg(second).invoke_async(&mut connection).await
        };
        self.within(patience, ask).await
    }

    async fn within<T>(
        &self,
        patience: Duration,
        ask: impl AsyncFnOnce(Connection) -> RedisResult<T>,
    ) -> Result<T, Failure> {
        self.breaker.admit().map_err(away)?;
        let asked = timeout(patience, async { ask(self.connected().await?).await }).await;
        match asked {
            Ok(Ok(answer)) => {
                self.turned(self.breaker.answered());
                Ok(answer)
            }
            Ok(Err(refusal)) if !is_absence(&refusal) => {
                self.turned(self.breaker.answered());
                Err(Failure::new(Fault::Internal, refusal))
            }
            Ok(Err(error)) => Err(self.lost(error).await),
            Err(late) => Err(self.lost(late).await),
        }
    }

    /// The connection that there is, or a new one.
    async fn connected(&self) -> RedisResult<Connection> {
        let mut kept = self.connection.lock().await;
        if let Some(connection) = &*kept {
            return Ok(connection.clone());
        }
        let connection = self.place.connect().await?;
        *kept = Some(connection.clone());
        Ok(connection)
    }

    /// Forgets the connection: the next question makes a new one, to where the server is then.
    async fn lost(&self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
        *self.connection.lock().await = None;
        self.turned(self.breaker.failed());
        away(error)
    }

    fn turned(&self, turn: Turn) {
        match turn {
            Turn::None => {}
            Turn::Opened => tracing::warn!(redis = %self.place, "Redis does not answer"),
            Turn::Closed => tracing::info!(redis = %self.place, "Redis answers again"),
        }
    }
}

fn away(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    Failure::new(Fault::Unavailable, error)
}

/// Whether nobody answered, or somebody who is not the right one now: another try may find the right one.
fn is_absence(error: &RedisError) -> bool {
    let server = matches!(
        error.kind(),
        ErrorKind::Server(
            redis::ServerErrorKind::BusyLoading
                | redis::ServerErrorKind::ClusterDown
                | redis::ServerErrorKind::MasterDown
                | redis::ServerErrorKind::ReadOnly
                | redis::ServerErrorKind::TryAgain
                | redis::ServerErrorKind::Moved
                | redis::ServerErrorKind::Ask
        )
    );
    server
        || error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_unrecoverable_error()
}
