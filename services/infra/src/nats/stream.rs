//! One `JetStream` stream.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{
    HeaderMap,
    header::NATS_MESSAGE_ID,
    jetstream::{self, Context, stream::Config},
};
use bytes::Bytes;
use kith_kernel::{ErrorKind, PortError};
use serde_json::{Value, json};
use tokio::{sync::watch, time::sleep};

use super::{
    Connection, PING_TIMEOUT, REQUEST_TIMEOUT, StreamOffset,
    api_responses::{NO_SUCH_MESSAGE, NO_SUCH_STREAM, StreamBounds, api_error, epoch_id},
    unavailable, with_timeout,
};

/// Number and interval of further requests before a shorter stream is accepted as rolled back: a server that has just
/// become the leader may still be catching up.
const LAG_RETRIES: usize = 5;
const LAG_RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// A stream of the cluster. It is created if it does not exist, and checked after each reconnect, since the servers may
/// have lost or rolled back the stream.
pub(crate) struct Stream {
    pub(crate) connection: Connection,
    context: Context,
    config: Config,
    cached: Mutex<CachedStreamInfo>,
    /// Serializes checks.
    refresh_lock: tokio::sync::Mutex<()>,
    /// True if this process has applied the configuration of the stream.
    is_configured: AtomicBool,
    /// Changes when the stream was recreated or rolled back.
    epoch_changes: watch::Sender<u64>,
}

/// Cached state of the stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct CachedStreamInfo {
    /// Generation of the connection on which the stream was checked; `None` if the cache is invalid.
    connection: Option<u64>,
    /// Creation time, as formatted by the server; empty before the first check.
    created: String,
    /// Number of recreations and rollbacks that this process has detected.
    epoch_counter: u64,
    /// The newest message that was observed.
    newest: Option<StreamOffset>,
}

/// Epoch of a stream, as counted by this process. Sequences of different epochs are unrelated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamEpoch {
    /// Identifies the stream by its creation time. Equal on all nodes.
    pub(crate) id: u32,
    /// Increases with each recreation and rollback. Local to the process.
    pub(crate) counter: u64,
    /// Generation of the connection on which the epoch was determined.
    pub(crate) connection: u64,
}

impl Stream {
    pub(crate) fn new(connection: Connection, config: Config) -> Self {
        let mut context = jetstream::new(connection.client().clone());
        context.set_timeout(REQUEST_TIMEOUT);
        Self {
            connection,
            context,
            config,
            cached: Mutex::default(),
            refresh_lock: tokio::sync::Mutex::default(),
            is_configured: AtomicBool::new(false),
            epoch_changes: watch::Sender::new(0),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.config.name
    }

    pub(crate) const fn context(&self) -> &Context {
        &self.context
    }

    /// Returns the current epoch, determined on the current connection.
    pub(crate) async fn current_epoch(&self) -> Result<StreamEpoch, PortError> {
        if let Some(epoch) = self.cached_epoch() {
            return Ok(epoch);
        }
        let _guard = self.refresh_lock.lock().await;
        if let Some(epoch) = self.cached_epoch() {
            return Ok(epoch);
        }
        let connection = self.connection.generation();
        let bounds = self.create_or_update().await?;
        let before = self.cached().clone();
        let counter = before.epoch_counter + u64::from(!self.is_same_stream(&before, &bounds).await?);
        let epoch = StreamEpoch { id: epoch_id(&bounds.created), counter, connection };
        let has_changed = counter != before.epoch_counter;
        {
            let mut cached = self.cached();
            let newest = if has_changed { None } else { cached.newest };
            *cached = CachedStreamInfo {
                connection: Some(connection),
                created: bounds.created,
                epoch_counter: counter,
                newest,
            };
        }
        if has_changed {
            tracing::error!(stream = self.name(), "stream was recreated or rolled back, starting a new epoch");
            self.epoch_changes.send_replace(counter);
        }
        Ok(epoch)
    }

    /// Changes when a new epoch starts.
    pub(crate) fn epoch_changes(&self) -> watch::Receiver<u64> {
        self.epoch_changes.subscribe()
    }

    /// Makes the next use check the stream again.
    pub(crate) fn invalidate(&self) {
        self.cached().connection = None;
    }

    /// Remembers the newest message of an epoch. A later check looks for it to detect a rollback.
    pub(crate) fn observe(&self, epoch: StreamEpoch, offset: StreamOffset) {
        let mut cached = self.cached();
        // Sequence 0 means an empty stream, which cannot be looked for.
        if offset.sequence > 0
            && cached.epoch_counter == epoch.counter
            && cached.newest.is_none_or(|newest| newest.sequence < offset.sequence)
        {
            cached.newest = Some(offset);
        }
    }

    /// Returns true if the stream is still in this epoch, on the same connection.
    pub(crate) fn is_current(&self, epoch: StreamEpoch) -> bool {
        self.cached_epoch() == Some(epoch)
    }

    pub(crate) async fn check_health(&self) -> Result<(), PortError> {
        let check = async {
            self.current_epoch().await?;
            self.bounds().await.map(drop)
        };
        with_timeout(PING_TIMEOUT, check).await
    }

    /// Returns the first and last sequence.
    pub(crate) async fn bounds(&self) -> Result<StreamBounds, PortError> {
        self.fetch_bounds().await?.ok_or_else(|| self.missing())
    }

    /// Returns the offset of the last message of a subject. The leader responds, so the offset is never stale.
    pub(crate) async fn last(&self, subject: &str) -> Result<Option<StreamOffset>, PortError> {
        self.get_from_leader(&json!({ "last_by_subj": subject })).await
    }

    /// Returns the offset of the message at a sequence; `None` if it is not retained.
    pub(crate) async fn offset_at(&self, sequence: u64) -> Result<Option<StreamOffset>, PortError> {
        if sequence == 0 {
            return Ok(None);
        }
        self.get_from_leader(&json!({ "seq": sequence })).await
    }

    /// Publishes a message. Returns when the stream has stored it. Idempotent by id within the deduplication window.
    pub(crate) async fn publish(&self, subject: String, id: String, payload: Bytes) -> Result<(), PortError> {
        self.current_epoch().await?;
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, id);
        let Some(response) = self.connection.request(subject, headers, payload).await? else {
            return Err(self.missing());
        };
        let response: Value = serde_json::from_slice(&response.payload).map_err(unavailable)?;
        api_error(&response).map_or(Ok(()), |(_, description)| Err(unavailable(description)))
    }

    /// Calls the `JetStream` API. Returns `None` if the response is the error code `not_found`.
    pub(crate) async fn api(&self, verb: &str, request: Bytes, not_found: u64) -> Result<Option<Value>, PortError> {
        let response = self.connection.request(format!("$JS.API.{verb}"), HeaderMap::new(), request);
        let response = response.await?.ok_or_else(|| unavailable("JetStream is not enabled on the NATS server"))?;
        let response: Value = serde_json::from_slice(&response.payload).map_err(unavailable)?;
        match api_error(&response) {
            None => Ok(Some(response)),
            Some((code, _)) if code == not_found => Ok(None),
            Some((NO_SUCH_STREAM, _)) => Err(self.missing()),
            Some((_, description)) => Err(unavailable(description)),
        }
    }

    fn cached(&self) -> MutexGuard<'_, CachedStreamInfo> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cached_epoch(&self) -> Option<StreamEpoch> {
        let (cached, connection) = (self.cached(), self.connection.generation());
        (cached.connection == Some(connection)).then(|| StreamEpoch {
            id: epoch_id(&cached.created),
            counter: cached.epoch_counter,
            connection,
        })
    }

    /// Returns the bounds of the stream. Creates it if it does not exist.
    async fn create_or_update(&self) -> Result<StreamBounds, PortError> {
        // 2.11 is the first version with batched direct get. Immediately after connecting, the version is not known
        // yet.
        let client = self.connection.client();
        if client.try_server_info().is_some() && !client.is_server_compatible(2, 11, 0) {
            return Err(unavailable("NATS server is older than 2.11"));
        }
        if let Some(bounds) = self.fetch_bounds().await? {
            if !self.is_configured.load(Ordering::SeqCst) {
                // A stream with an outdated configuration is better than none.
                match self.context.update_stream(&self.config).await {
                    Ok(_) => self.is_configured.store(true, Ordering::SeqCst),
                    Err(error) => tracing::warn!(stream = self.name(), %error, "failed to update stream configuration"),
                }
            }
            return Ok(bounds);
        }
        self.context.create_stream(&self.config).await.map_err(unavailable)?;
        self.is_configured.store(true, Ordering::SeqCst);
        self.fetch_bounds().await?.ok_or_else(|| unavailable("stream was created but is not available yet"))
    }

    async fn fetch_bounds(&self) -> Result<Option<StreamBounds>, PortError> {
        let info = self.api(&format!("STREAM.INFO.{}", self.name()), Bytes::new(), NO_SUCH_STREAM).await?;
        info.map(|info| StreamBounds::parse(&info).ok_or_else(|| unavailable("unexpected stream info response")))
            .transpose()
    }

    /// Returns true if the stream is the one that was cached and still has the newest observed message.
    async fn is_same_stream(&self, before: &CachedStreamInfo, now: &StreamBounds) -> Result<bool, PortError> {
        if before.created != now.created {
            return Ok(before.created.is_empty());
        }
        let Some(newest) = before.newest else { return Ok(true) };
        let mut now = now.clone();
        for _ in 0..LAG_RETRIES {
            if now.last.sequence >= newest.sequence {
                break;
            }
            sleep(LAG_RETRY_INTERVAL).await;
            now = self.bounds().await?;
        }
        if now.last.sequence < newest.sequence {
            return Ok(false);
        }
        // A message that was removed by age or size limits is indistinguishable from a lost one, unless it was the
        // last.
        Ok(now.last == newest || self.offset_at(newest.sequence).await? == Some(newest))
    }

    async fn get_from_leader(&self, request: &Value) -> Result<Option<StreamOffset>, PortError> {
        let verb = format!("STREAM.MSG.GET.{}", self.name());
        let Some(response) = self.api(&verb, request.to_string().into(), NO_SUCH_MESSAGE).await? else {
            return Ok(None);
        };
        let sequence = response.pointer("/message/seq").and_then(Value::as_u64);
        let time = response.pointer("/message/time").and_then(Value::as_str);
        let offset = sequence.zip(time).map(|(sequence, time)| StreamOffset::new(sequence, time));
        offset.map(Some).ok_or_else(|| unavailable("unexpected message response"))
    }

    /// Invalidates the cache, so that the next use creates the stream.
    pub(super) fn missing(&self) -> PortError {
        self.invalidate();
        PortError::new(ErrorKind::Unavailable, format!("stream {} does not exist", self.name()))
    }
}
