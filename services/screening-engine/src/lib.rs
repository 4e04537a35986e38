//! Screening engine: detects contact details, fraud and crisis language in a text.
//!
//! It is pure: it reads no store and no clock. Screening takes time linear in the length of the text.
//!
//! | file | contents |
//! | --- | --- |
//! | [`engine`] | [`Engine`]: applies all rules to a text |
//! | [`finding`] | [`Finding`] and [`Detector`] |
//! | [`fold`](mod@fold) | plain letters in place of look-alikes |
//! | [`mapped_text`] | [`MappedText`]: a normalized text with the map to the original |
//! | [`rules`] | [`RuleSet`]: versioned and validated data |
//! | `crisis` | `CrisisDetector`: crisis language of the author, in the present |
//! | `detect` | one file per detector |
//! | `normalized_texts` | all normalized forms of a text |
//! | `numbers` | number words and look-alike digits as digits |
//! | `spelling` | spaced-out words, digits in place of letters, signs written as words |
//! | `data/rules.toml` | default rules: version 1 |
//! | `data/crisis.toml` | phrases of the crisis detector |
//!
//! A text with crisis language is never held, whatever else it contains. No rule can change that.
//!
//! # Adding an obfuscation
//! 1. Add lines to both sets in `tests/data`: the one for tuning and the holdout.
//! 2. Add the step that reverses it to `fold`, `spelling` or `numbers`, so that it applies to every detector.
//!
//! # Adding a detector
//! 1. Add a variant to [`Detector`] and a file to `detect`.
//! 2. Add the lists that it supports to `rules` and a rule to `data/rules.toml`.

pub mod engine;
pub mod finding;
pub mod fold;
pub mod mapped_text;
pub mod rules;

mod crisis;
mod detect;
mod normalized_texts;
mod numbers;
mod spelling;

pub use engine::{Engine, Match, Verdict};
pub use finding::{Detector, Finding};
pub use fold::fold;
pub use mapped_text::MappedText;
pub use rules::{Action, InvalidRuleSet, Kind, Rule, RuleList, RuleSet};
