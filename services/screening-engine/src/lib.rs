//! The screen: what a text gives away, where it leads, and whether somebody is in danger. It is pure: no store, no clock,
//! and time linear in the text.
//!
//! | file | holds |
//! | --- | --- |
//! | [`fold`](mod@fold) | plain letters for whatever looks like them |
//! | [`view`] | a changed text with the way back to what was written |
//! | `spelling`, `number` | spaced-out words, digits for letters, numbers in words |
//! | `detect` | one file a detector: phone, e-mail, page, handle, address, scam |
//! | `crisis` | talk of not living on, of oneself and now |
//! | [`rules`] | what is looked for and what follows: data, versioned, checked |
//! | [`verdict`] | all of them over one text |
//! | `data/rules.toml` | the rules before anybody sets others |
//! | `data/crisis.toml` | the phrases of a crisis |
//!
//! What is a crisis is never held, whatever else it says; no rule can change that.
//!
//! # To add a disguise
//! Lines in `tests/data`, in the first set and in the one that is held back; then the step in `fold`, `spelling` or
//! `number` that undoes it for every detector at once.
//!
//! # To add a detector
//! A variant of [`Detector`], its file in `detect`, which lists it reads in `rules.rs`, and a rule in `data/rules.toml`.

pub mod fold;
pub mod rules;
pub mod verdict;
pub mod view;

mod crisis;
mod detect;
mod finding;
mod number;
mod spelling;

pub use finding::{Detector, Finding};
pub use fold::fold;
pub use rules::{Action, InvalidRules, Kind, List, Rule, Rules};
pub use verdict::{Match, Screen, Verdict};
pub use view::View;
