//! A client of many sockets on one thread, cheaper than what it measures: it counts frames and looks for a time in
//! them, and understands nothing else.
//!
//! | file | holds |
//! | --- | --- |
//! | [`dialect`] | what is said to each server |
//! | [`frame`] | WebSocket frames |
//! | [`crowd`] | the connections that listen |
//! | [`publisher`] | the connections that tell |
//! | [`nap`] | fewer, larger reads |
//! | [`measure`] | memory, throughput, latency |

pub mod crowd;
pub mod dialect;
pub mod frame;
pub mod measure;
pub mod nap;
pub mod publisher;
