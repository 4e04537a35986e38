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
use kith_kernel::{PortError, ErrorKind};
use serde_json::{Value, json};
use tokio::{sync::watch, time::sleep};

use super::{
    ANSWER, Connection, Place, WELL,
    answers::{NO_SUCH_MESSAGE, NO_SUCH_STREAM, Reach, epoch, refused},
    unavailable, within,
};

/// How often, and after how long, a stream that is shorter than it was is asked again before that is believed: a server
/// that has just become its leader may still be reading up.
const PATIENCE: usize = 5;
const LAG: Duration = Duration::from_millis(100);

/// A stream of the cluster: made if it is not there, and looked at anew after each reconnect, since the servers may have
/// come back without it, or with an older state of it.
pub(crate) struct Stream {
    pub(crate) connection: Connection,
    context: Context,
    config: Config,
    known: Mutex<Known>,
    /// One looks at a time.
    looking: tokio::sync::Mutex<()>,
    /// Whether this process has seen to it that the stream is kept as it is configured.
    configured: AtomicBool,
    /// Rings when the stream turned out to be another.
    turned: watch::Sender<u64>,
}

/// What this process knows of the stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// On which connection it was looked at; `None` if it is to be looked at again.
    number: Option<u64>,
    /// When it was made, as the server writes it; empty before it was ever looked at.
    made: String,
    /// How often it has turned out to be another stream, or an older state of itself, since this process began.
    turn: u64,
    /// The newest of it that was seen.
    newest: Option<Place>,
}

/// One life of a stream, as this process counts them: sequences of two lives have nothing to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life {
    /// Of the stream that was made then. All nodes agree on it.
    pub(crate) epoch: u32,
    /// Grows whenever it begins anew or steps back. No other node knows it.
    pub(crate) turn: u64,
    /// The connection over which it was found so.
    pub(crate) number: u64,
}

impl Stream {
    pub(crate) fn new(connection: Connection, config: Config) -> Self {
        let mut context = jetstream::new(connection.client().clone());
        context.set_timeout(ANSWER);
        Self {
            connection,
            context,
            config,
            known: Mutex::default(),
            looking: tokio::sync::Mutex::default(),
            configured: AtomicBool::new(false),
            turned: watch::Sender::new(0),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.config.name
    }

    pub(crate) const fn context(&self) -> &Context {
        &self.context
    }

    /// The life that the stream is in, as it was found on this connection.
    pub(crate) async fn life(&self) -> Result<Life, PortError> {
        if let Some(life) = self.found() {
            return Ok(life);
        }
        let _one = self.looking.lock().await;
        if let Some(life) = self.found() {
            return Ok(life);
        }
        let number = self.connection.number();
        let reach = self.open().await?;
        let before = self.known().clone();
        let turn = before.turn + u64::from(!self.goes_on(&before, &reach).await?);
        let life = Life { epoch: epoch(&reach.made), turn, number };
        let turned = turn != before.turn;
        {
            let mut known = self.known();
            let newest = if turned { None } else { known.newest };
            *known = Known { number: Some(number), made: reach.made, turn, newest };
        }
        if turned {
            tracing::error!(stream = self.name(), "a stream is not what it was: made anew, or put back");
            self.turned.send_replace(turn);
        }
        Ok(life)
    }

    /// Rings when another life begins.
    pub(crate) fn turned(&self) -> watch::Receiver<u64> {
        self.turned.subscribe()
    }

    /// Has the stream looked at again before it is used.
    pub(crate) fn doubt(&self) {
        self.known().number = None;
    }

    /// Remembers what was seen of this life, to know the stream again by it.
    pub(crate) fn saw(&self, life: Life, place: Place) {
        let mut known = self.known();
        // By nothing, it could not be known.
        if place.sequence > 0
            && known.turn == life.turn
            && known.newest.is_none_or(|newest| newest.sequence < place.sequence)
        {
            known.newest = Some(place);
        }
    }

    /// Whether the stream is in this life still, over this connection.
    pub(crate) fn is(&self, life: Life) -> bool {
        self.found() == Some(life)
    }

    /// Whether it answers.
    pub(crate) async fn check_health(&self) -> Result<(), PortError> {
        let asked = async {
            self.life().await?;
            self.reach().await.map(drop)
        };
        within(WELL, asked).await
    }

    /// How far it reaches.
    pub(crate) async fn reach(&self) -> Result<Reach, PortError> {
        self.asked_reach().await?.ok_or_else(|| self.gone())
    }

    /// Where the last message of a subject stands. The leader answers, so it is never too low.
    pub(crate) async fn last(&self, subject: &str) -> Result<Option<Place>, PortError> {
        self.leader(&json!({ "last_by_subj": subject })).await
    }

    /// What stands at a sequence, if it is still there.
    pub(crate) async fn at(&self, sequence: u64) -> Result<Option<Place>, PortError> {
        if sequence == 0 {
            return Ok(None);
        }
        self.leader(&json!({ "seq": sequence })).await
    }

    /// Publishes under an id, which the stream takes once within its window. Returns when the stream has it.
    pub(crate) async fn publish(&self, subject: String, id: String, payload: Bytes) -> Result<(), PortError> {
        self.life().await?;
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, id);
        let Some(answer) = self.connection.ask(subject, headers, payload).await? else { return Err(self.gone()) };
        let answer: Value = serde_json::from_slice(&answer.payload).map_err(unavailable)?;
        refused(&answer).map_or(Ok(()), |(_, why)| Err(unavailable(why)))
    }

    /// Asks the API of `JetStream`. `None` if what is asked about is not there, which the server says with `absent`.
    pub(crate) async fn api(&self, verb: &str, question: Bytes, absent: u64) -> Result<Option<Value>, PortError> {
        let answer = self.connection.ask(format!("$JS.API.{verb}"), HeaderMap::new(), question);
        let answer = answer.await?.ok_or_else(|| unavailable("the NATS server has no JetStream"))?;
        let answer: Value = serde_json::from_slice(&answer.payload).map_err(unavailable)?;
        match refused(&answer) {
            None => Ok(Some(answer)),
            Some((code, _)) if code == absent => Ok(None),
            Some((NO_SUCH_STREAM, _)) => Err(self.gone()),
            Some((_, why)) => Err(unavailable(why)),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn found(&self) -> Option<Life> {
        let (known, number) = (self.known(), self.connection.number());
        (known.number == Some(number)).then(|| Life { epoch: epoch(&known.made), turn: known.turn, number })
    }

    /// The stream as it is, made if it is not there.
    async fn open(&self) -> Result<Reach, PortError> {
        // The first that answers a direct get with many messages. In its first moment a server has not said which it is.
        let client = self.connection.client();
        if client.try_server_info().is_some() && !client.is_server_compatible(2, 11, 0) {
            return Err(unavailable("the NATS server is older than 2.11"));
        }
        if let Some(reach) = self.asked_reach().await? {
            if !self.configured.load(Ordering::SeqCst) {
                // A stream that is kept as it was is better than none.
                match self.context.update_stream(&self.config).await {
                    Ok(_) => self.configured.store(true, Ordering::SeqCst),
                    Err(error) => tracing::warn!(stream = self.name(), %error, "a stream stays as it was configured"),
                }
            }
            return Ok(reach);
        }
        self.context.create_stream(&self.config).await.map_err(unavailable)?;
        self.configured.store(true, Ordering::SeqCst);
        self.asked_reach().await?.ok_or_else(|| unavailable("the stream is not there yet"))
    }

    async fn asked_reach(&self) -> Result<Option<Reach>, PortError> {
        let info = self.api(&format!("STREAM.INFO.{}", self.name()), Bytes::new(), NO_SUCH_STREAM).await?;
        info.map(|info| Reach::of(&info).ok_or_else(|| unavailable("a stream is described in other words"))).transpose()
    }

    /// Whether this is the stream that was known, with all that was seen of it.
    async fn goes_on(&self, before: &Known, now: &Reach) -> Result<bool, PortError> {
        if before.made != now.made {
            return Ok(before.made.is_empty());
        }
        let Some(newest) = before.newest else { return Ok(true) };
        let mut now = now.clone();
        for _ in 0..PATIENCE {
            if now.last.sequence >= newest.sequence {
                break;
            }
            sleep(LAG).await;
            now = self.reach().await?;
        }
        if now.last.sequence < newest.sequence {
            return Ok(false);
        }
        // If it is gone by its age or for its length, nobody can tell any more, unless nothing came after it.
        Ok(now.last == newest || self.at(newest.sequence).await? == Some(newest))
    }

    async fn leader(&self, question: &Value) -> Result<Option<Place>, PortError> {
        let verb = format!("STREAM.MSG.GET.{}", self.name());
        let Some(answer) = self.api(&verb, question.to_string().into(), NO_SUCH_MESSAGE).await? else {
            return Ok(None);
        };
        let sequence = answer.pointer("/message/seq").and_then(Value::as_u64);
        let time = answer.pointer("/message/time").and_then(Value::as_str);
        let place = sequence.zip(time).map(|(sequence, time)| Place::at(sequence, time));
        place.map(Some).ok_or_else(|| unavailable("a message is described in other words"))
    }

    /// The stream is not there: whoever comes next makes it.
    pub(super) fn gone(&self) -> PortError {
        self.doubt();
        PortError::new(ErrorKind::Unavailable, format!("there is no stream {}", self.name()))
    }
}
