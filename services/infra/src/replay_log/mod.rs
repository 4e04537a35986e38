//! Replay log: live delivery and bounded replay per channel.
//!
//! | adapter | storage |
//! | --- | --- |
//! | [`InMemory`] | a bounded buffer per channel, in this process |
//! | [`JetStream`] | a bounded stream, in a cluster |

mod in_memory;
mod jetstream;
mod position_codec;

pub use self::{
    in_memory::{InMemory, Retention},
    jetstream::{JetStream, Settings},
};
