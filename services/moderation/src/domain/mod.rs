//! Reports, cases, decisions and strikes.

mod case;
mod decision;
mod filing;
mod report;
mod subject;

pub use self::{
    case::{Assignment, Case, CaseContext, CaseState, Origin},
    decision::{Action, Appeal, AppealState, ContentOutcome, Decision, Restriction, Strike},
    filing::{FilingOutcome, FilingResult, FilingState, NewFiling, RiskInputs, SealedEvidence},
    report::{Accuracy, Report, ReportOutcome, ReporterRecord},
    subject::{ContextItem, EvidenceSnapshot, Reason, Subject},
};

/// Defines a closed enum with the text that represents each variant in every database. A stored text is never reused.
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All variants, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Returns the stored text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// Returns the variant with this stored text.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|variant| variant.as_str() == text)
            }
        }
    };
}

use text_enum;
