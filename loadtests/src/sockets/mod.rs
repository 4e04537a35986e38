//! Load client for many WebSockets on one thread. It must be cheaper than the servers that it measures, so it only
//! counts frames and extracts timestamps.
//!
//! | file | contents |
//! | --- | --- |
//! | [`protocol`] | requests and frames of each server |
//! | [`frame`] | WebSocket frames |
//! | [`subscribers`] | subscribed connections and their counters |
//! | [`publisher`] | publishing connections |
//! | [`poll_delay`] | optional delay between reads |
//! | [`measure`] | memory, throughput, latency |

pub mod frame;
pub mod measure;
pub mod poll_delay;
pub mod protocol;
pub mod publisher;
pub mod subscribers;
