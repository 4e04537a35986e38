//! What reports, cases, decisions and strikes are.

mod case;
mod decision;
mod report;
mod subject;

pub use self::{
    case::{Case, Lease, Origin, State},
    decision::{Action, Appeal, AppealState, Decision, Measure, Strike},
    report::{Accuracy, Outcome, Record, Report},
    subject::{Reason, Snapshot, Subject, Surrounding},
};

/// A closed set with the word for each in every database. A word that was ever stored keeps its meaning.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$word_doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word for it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// What this word says.
            #[must_use]
            pub fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.word() == word)
            }
        }
    };
}

use words;
