//! Connection to a NATS cluster and access to its streams.
//!
//! | file | content |
//! | --- | --- |
//! | `stream` | one `JetStream` stream: creation, detection of a rollback, requests |
//! | `api_responses` | responses and error codes |
//! | `credentials` | credentials in URLs |
//! | `direct_get` | batched reads |
//! | `stored_message` | one message of a stream and its offset |

mod api_responses;
mod credentials;
mod direct_get;
mod stored_message;
mod stream;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_nats::{
    Client, Event, HeaderMap, Message, Request, RequestErrorKind, ServerAddr, Statistics, Subscriber, connection::State,
};
use bytes::Bytes;
use kith_kernel::{Entropy, ErrorKind, PortError};
use tokio::{sync::watch, time::timeout};

pub(crate) use self::{
    api_responses::{NO_SUCH_CONSUMER, Page},
    stored_message::{StoredMessage, StreamOffset, encoded_event, hash},
    stream::{Stream, StreamEpoch},
};

/// Timeout of any request to the servers.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
/// Timeout of a health check.
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// The client closes a connection when the third ping is unanswered: an unresponsive server is left after three
/// intervals.
const PING_INTERVAL: Duration = Duration::from_secs(1);
/// Timeout of one connection attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Delay between connection attempts. It doubles up to the maximum; half of it is random.
const INITIAL_BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_secs(2);
/// Number of messages that a subscription buffers. Further messages are dropped.
pub(crate) const SUBSCRIPTION_CAPACITY: usize = 4096;

/// Connection to a NATS cluster. Cheap to clone; it reconnects automatically and without limit.
///
/// While it is disconnected, every request fails immediately with [`ErrorKind::Unavailable`].
#[derive(Clone)]
pub struct Connection {
    client: Client,
    statistics: Arc<Statistics>,
    /// Number of events that may have cost messages: losses of the connection and reconnects.
    changes: watch::Receiver<u64>,
}

impl Connection {
    /// Starts to connect and waits up to two seconds for the first server: a node can start before its servers.
    ///
    /// `urls` are separated by commas, with the scheme `nats://` or, for TLS, `tls://`. Credentials precede the first
    /// host, as `user:password@` or `token@`, percent-encoded. `client_name` is the name of the client in the
    /// monitoring of the server.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a URL is invalid.
    pub async fn open(urls: &str, client_name: &str, entropy: Arc<dyn Entropy>) -> Result<Self, PortError> {
        let servers = urls.split(',').map(|url| address(url.trim())).collect::<Result<Vec<_>, _>>()?;
        let (count, changes) = watch::channel(0);
        let options = credentials::connect_options(servers.first())?
            .name(client_name)
            .retry_on_initial_connect()
            .max_reconnects(None)
            .connection_timeout(CONNECT_TIMEOUT)
            .ping_interval(PING_INTERVAL)
            .request_timeout(Some(REQUEST_TIMEOUT))
            .subscription_capacity(SUBSCRIPTION_CAPACITY)
            .reconnect_delay_callback(move |attempts| backoff(attempts, &*entropy))
            .event_callback(move |event| {
                log_event(&event);
                if matches!(event, Event::Connected | Event::Disconnected) {
                    count.send_modify(|count| *count += 1);
                }
                std::future::ready(())
            });
        let client =
            options.connect(servers).await.map_err(|error| PortError::new(ErrorKind::InvalidArgument, error))?;
        let connection = Self { statistics: client.statistics(), client, changes };
        // A timeout is not an error: later requests report the missing connection.
        let _ = timeout(REQUEST_TIMEOUT, connection.changes.clone().changed()).await;
        Ok(connection)
    }

    /// Number of the current connection. It changes before any message of the new connection is received.
    pub(crate) fn generation(&self) -> u64 {
        self.statistics.connects.load(Ordering::SeqCst)
    }

    /// Changes when the connection is lost or restored after this call.
    pub(crate) fn connection_changes(&self) -> watch::Receiver<u64> {
        let mut changes = self.changes.clone();
        changes.mark_unchanged();
        changes
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a request. Returns `None` if the subject has no responder.
    pub(crate) async fn request(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<Option<Message>, PortError> {
        self.ensure_connected()?;
        let request = Request::new().headers(headers).payload(payload).timeout(None);
        match timeout(REQUEST_TIMEOUT, self.client.send_request(subject, request)).await.map_err(unavailable)? {
            Ok(response) => Ok(Some(response)),
            Err(error) if error.kind() == RequestErrorKind::NoResponders => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Publishes a message. A subject without subscribers is not an error.
    pub(crate) async fn publish(
        &self,
        subject: String,
        reply: Option<String>,
        payload: Bytes,
    ) -> Result<(), PortError> {
        self.ensure_connected()?;
        let published = async {
            match reply {
                Some(reply) => self.client.publish_with_reply(subject, reply, payload).await,
                None => self.client.publish(subject, payload).await,
            }
        };
        timeout(REQUEST_TIMEOUT, published).await.map_err(unavailable)?.map_err(unavailable)
    }

    /// Subscribes to a subject. The subscription survives reconnects.
    pub(crate) async fn subscribe(&self, subject: String) -> Result<Subscriber, PortError> {
        self.ensure_connected()?;
        timeout(REQUEST_TIMEOUT, self.client.subscribe(subject)).await.map_err(unavailable)?.map_err(unavailable)
    }

    /// Rejects calls without a connection: the client library would queue them and send them after the reconnect, at
    /// any later time.
    fn ensure_connected(&self) -> Result<(), PortError> {
        if self.is_connected() { Ok(()) } else { Err(unavailable("not connected to NATS")) }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }
}

fn address(url: &str) -> Result<ServerAddr, PortError> {
    let server = url.parse::<ServerAddr>().ok().filter(|server| !server.host().is_empty());
    // Has no cause, since that would repeat the URL and its password.
    server.ok_or_else(|| PortError::new(ErrorKind::InvalidArgument, "invalid NATS URL"))
}

fn log_event(event: &Event) {
    match event {
        Event::Connected => tracing::info!("connected to NATS"),
        Event::Disconnected => tracing::warn!("NATS connection lost"),
        Event::SlowConsumer(_) => tracing::warn!("slow consumer, messages dropped"),
        Event::LameDuckMode | Event::Draining | Event::Closed => tracing::info!(%event, "NATS client event"),
        Event::ServerError(_) | Event::ClientError(_) => tracing::warn!(%event, "NATS client event"),
    }
}

/// Delay before an attempt. The jitter keeps nodes that lost a server together from reconnecting together.
fn backoff(attempts: usize, entropy: &dyn Entropy) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    let full = INITIAL_BACKOFF.saturating_mul(2_u32.saturating_pow(doublings)).min(MAX_BACKOFF);
    let mut random = [0];
    entropy.fill(&mut random);
    full / 2 + full.mul_f64(f64::from(u8::from_be_bytes(random)) / 512.0)
}

/// The server did not respond, or not as expected.
pub(crate) fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::new(ErrorKind::Unavailable, cause)
}

/// Fails with [`ErrorKind::Unavailable`] if `work` does not complete in time.
pub(crate) async fn with_timeout<T>(
    time: Duration,
    work: impl Future<Output = Result<T, PortError>> + Send,
) -> Result<T, PortError> {
    timeout(time, work).await.map_err(unavailable)?
}

#[cfg(test)]
mod tests {
    use kith_kernel::SystemEntropy;

    use super::*;

    #[test]
    fn the_backoff_grows_to_its_bound_with_jitter() {
        for (attempts, longest) in
            [(1, INITIAL_BACKOFF), (3, INITIAL_BACKOFF * 4), (50, MAX_BACKOFF), (usize::MAX, MAX_BACKOFF)]
        {
            let backoffs: Vec<_> = (0..64).map(|_| backoff(attempts, &SystemEntropy)).collect();
            assert!(backoffs.iter().all(|backoff| *backoff >= longest / 2 && *backoff <= longest), "{backoffs:?}");
            assert!(backoffs.iter().any(|backoff| *backoff != backoffs[0]), "{backoffs:?}");
        }
    }
}
