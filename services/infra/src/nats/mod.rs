//! The way to a NATS cluster, and what is asked of its streams.
//!
//! | file | holds |
//! | --- | --- |
//! | `stream` | one `JetStream` stream: made when it is missing, known again after a reconnect, asked what it has |
//! | `answers` | the words in which it answers |
//! | `credentials` | who we are, out of an address |
//! | `direct` | messages of it, many at a time |
//! | `stored` | one message of a stream, and where it stands |

mod answers;
mod credentials;
mod direct;
mod stored;
mod stream;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_nats::{
    Client, Event, HeaderMap, Message, Request, RequestErrorKind, ServerAddr, Statistics, Subscriber, connection::State,
};
use bytes::Bytes;
use kith_kernel::{Entropy, PortError, ErrorKind};
use tokio::{sync::watch, time::timeout};

pub(crate) use self::{
    answers::{NO_SUCH_CONSUMER, Page},
    stored::{Place, Stored, hash, parcel},
    stream::{Life, Stream},
};

/// How long anything that is asked of the servers may take.
pub(crate) const ANSWER: Duration = Duration::from_secs(2);
/// How long a server has to say that it is well.
pub(crate) const WELL: Duration = Duration::from_secs(1);
/// The client gives a connection up when the third ping has no answer: a server that went silent is left after three
/// of these.
const PING: Duration = Duration::from_secs(1);
/// How long one attempt to connect may take.
const CONNECT: Duration = Duration::from_secs(2);
/// Between two attempts to connect, at first and at most. It doubles, and half of it is chance.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// How many messages a subscription holds while nobody takes them. What comes then is dropped.
pub(crate) const BEHIND: usize = 4096;

/// A connection to a NATS cluster. Cheap to clone; it comes back by itself, for ever.
///
/// Without a server every question is answered at once, with [`ErrorKind::Unavailable`].
#[derive(Clone)]
pub struct Connection {
    client: Client,
    statistics: Arc<Statistics>,
    /// Counts what may have cost messages: each loss of the connection, and each time that it came back.
    shaken: watch::Receiver<u64>,
}

impl Connection {
    /// Goes to look for the servers, and waits a moment for the first to answer: a node can start before its servers.
    ///
    /// `urls` are separated by commas: `nats://` or, with TLS, `tls://`; who we are stands before the first host, as
    /// `user:password@` or `token@`, percent-encoded where it must be. `name` is what the servers call us.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if these are no addresses.
    pub async fn open(urls: &str, name: &str, entropy: Arc<dyn Entropy>) -> Result<Self, PortError> {
        let servers = urls.split(',').map(|url| address(url.trim())).collect::<Result<Vec<_>, _>>()?;
        let (count, shaken) = watch::channel(0);
        let options = credentials::of(servers.first())?
            .name(name)
            .retry_on_initial_connect()
            .max_reconnects(None)
            .connection_timeout(CONNECT)
            .ping_interval(PING)
            .request_timeout(Some(ANSWER))
            .subscription_capacity(BEHIND)
            .reconnect_delay_callback(move |attempts| wait(attempts, &*entropy))
            .event_callback(move |event| {
                tell(&event);
                if matches!(event, Event::Connected | Event::Disconnected) {
                    count.send_modify(|count| *count += 1);
                }
                std::future::ready(())
            });
        let client = options.connect(servers).await.map_err(|error| PortError::new(ErrorKind::InvalidArgument, error))?;
        let connection = Self { statistics: client.statistics(), client, shaken };
        // Whoever opens it may ask at once; if there is no server, they are told so then.
        let _ = timeout(ANSWER, connection.shaken.clone().changed()).await;
        Ok(connection)
    }

    /// Which connection this is: another number each time that it came back. It has changed before anything that came
    /// over the new one is heard.
    pub(crate) fn number(&self) -> u64 {
        self.statistics.connects.load(Ordering::SeqCst)
    }

    /// Rings when the connection is lost, and when it is back, from now on.
    pub(crate) fn shaken(&self) -> watch::Receiver<u64> {
        let mut shaken = self.shaken.clone();
        shaken.mark_unchanged();
        shaken
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Asks a question. `None` if there is nobody who would answer it.
    pub(crate) async fn ask(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<Option<Message>, PortError> {
        self.connected()?;
        let request = Request::new().headers(headers).payload(payload).timeout(None);
        match timeout(ANSWER, self.client.send_request(subject, request)).await.map_err(unavailable)? {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.kind() == RequestErrorKind::NoResponders => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Says something to whoever listens. That nobody does is no error.
    pub(crate) async fn say(&self, subject: String, reply: Option<String>, payload: Bytes) -> Result<(), PortError> {
        self.connected()?;
        let said = async {
            match reply {
                Some(reply) => self.client.publish_with_reply(subject, reply, payload).await,
                None => self.client.publish(subject, payload).await,
            }
        };
        timeout(ANSWER, said).await.map_err(unavailable)?.map_err(unavailable)
    }

    /// Hears what is said on a subject. It goes on over reconnects.
    pub(crate) async fn hear(&self, subject: String) -> Result<Subscriber, PortError> {
        self.connected()?;
        timeout(ANSWER, self.client.subscribe(subject)).await.map_err(unavailable)?.map_err(unavailable)
    }

    /// What is said while there is no connection would be said when it is back, however late.
    fn connected(&self) -> Result<(), PortError> {
        if self.is_there() { Ok(()) } else { Err(unavailable("there is no connection to a NATS server")) }
    }

    pub(crate) fn is_there(&self) -> bool {
        self.client.connection_state() == State::Connected
    }
}

fn address(url: &str) -> Result<ServerAddr, PortError> {
    let server = url.parse::<ServerAddr>().ok().filter(|server| !server.host().is_empty());
    // Without a cause: it would repeat the address, and with it a password.
    server.ok_or_else(|| PortError::new(ErrorKind::InvalidArgument, "an address of a NATS server is none"))
}

fn tell(event: &Event) {
    match event {
        Event::Connected => tracing::info!("connected to a NATS server"),
        Event::Disconnected => tracing::warn!("the connection to the NATS server is lost"),
        Event::SlowConsumer(_) => tracing::warn!("messages of a subscription are dropped: nobody takes them"),
        Event::LameDuckMode | Event::Draining | Event::Closed => tracing::info!(%event, "of a NATS server"),
        Event::ServerError(_) | Event::ClientError(_) => tracing::warn!(%event, "of a NATS server"),
    }
}

/// How long before this attempt: nodes that lost a server at once do not come back at once.
fn wait(attempts: usize, entropy: &dyn Entropy) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    let full = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_WAIT);
    let mut chance = [0];
    entropy.fill(&mut chance);
    full / 2 + full.mul_f64(f64::from(u8::from_be_bytes(chance)) / 512.0)
}

/// The server does not answer, or not so.
pub(crate) fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::new(ErrorKind::Unavailable, cause)
}

/// What comes of it in time.
pub(crate) async fn within<T>(
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
    fn the_waits_grow_are_bounded_and_are_not_the_same_for_all() {
        for (attempts, longest) in
            [(1, FIRST_WAIT), (3, FIRST_WAIT * 4), (50, LONGEST_WAIT), (usize::MAX, LONGEST_WAIT)]
        {
            let waits: Vec<_> = (0..64).map(|_| wait(attempts, &SystemEntropy)).collect();
            assert!(waits.iter().all(|wait| *wait >= longest / 2 && *wait <= longest), "{waits:?}");
            assert!(waits.iter().any(|wait| *wait != waits[0]), "{waits:?}");
        }
    }
}
