//! Screening: rule sets of the content screen, the screen itself, and crisis resources.
//!
//! | file | contents |
//! | --- | --- |
//! | [`domain`] | versions of the rule set as staff see them, results of rule tests |
//! | [`service`] | use cases: list, put and test rules |
//! | [`rule_screen`] | [`RuleScreen`]: screens a text by the newest rules |
//! | [`adapters`] | [`FailOpenScreen`] implements `ContentScreen`; [`StaticCrisisResources`] implements `CrisisResourceLookup` |
//! | [`access`] | required access and quota of every method |
//! | [`rpc`] | `kith.screening.v1.ScreeningService` |
//! | [`error`] | errors of the use cases |
//! | [`store`] | the store trait and its SQL adapter |
//!
//! The detectors and the form of a rule are in the crate `screening-engine`, which is pure.
//!
//! # Fail-open
//! Content must not wait for the screen. [`FailOpenScreen`] is the only place that handles a screen that fails, times
//! out or is switched off: the text is published unscreened, and the event is logged. Slices that publish content get a
//! verdict in every case.
//!
//! # Add crisis resources of a region
//! Add lines to `adapters/crisis_resources.tsv`. Its header states the format and the rules for sources.

pub mod access;
pub mod adapters;
pub mod domain;
pub mod error;
pub mod module;
pub mod rpc;
pub mod rule_screen;
pub mod service;
pub mod store;

pub use self::{
    adapters::{FailOpenScreen, StaticCrisisResources},
    domain::{RuleMatch, RuleSetView, RuleTestReport},
    error::Error,
    rule_screen::{RuleScreen, TextScreen},
    service::RuleService,
};
