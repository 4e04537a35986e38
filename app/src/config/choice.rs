//! Values that are one of a few words.

use std::fmt;

use tracing_subscriber::EnvFilter;

use super::value::Scalar;

macro_rules! choices {
    ($($(#[doc = $doc:literal])+ $name:ident $kind:literal { $($(#[doc = $case_doc:literal])+ $case:ident = $word:literal,)+ })+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[doc = $case_doc])+ $case,)+
        }

        impl $name {
            /// The word for it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$case => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        impl Scalar for $name {
            const KIND: &'static str = $kind;

            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$case),)+
                    _ => Err(format!("is \"{text}\"; it has to be {}", $kind)),
                }
            }

            fn nothing() -> Self {
                let [first, ..] = [$(Self::$case),+];
                first
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

choices! {
    /// What a process is for.
    Mode "`development` or `production`" {
        /// To try and to develop: what is missing is made up.
        Development = "development",
        /// For people: what is missing is a fault.
        Production = "production",
    }

    /// Whether everything is kept in one file, by one process.
    Embedded "`auto` or `true`" {
        /// Nobody said so.
        Implied = "auto",
        /// Somebody asked for it.
        Asked = "true",
    }

    /// What a line of the log looks like.
    LogFormat "`pretty` or `json`" {
        /// For people.
        Pretty = "pretty",
        /// For machines.
        Json = "json",
    }
}

/// What is logged: tracing's directives, known to be readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directives(String);

impl Directives {
    /// As they were written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// As a filter.
    #[must_use]
    pub fn filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl Scalar for Directives {
    const KIND: &'static str = "a level, and exceptions to it, as `info,storage=debug`";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("is empty".to_owned());
        }
        match EnvFilter::builder().parse(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(format!("is \"{text}\": {error}")),
        }
    }

    fn nothing() -> Self {
        Self("info".to_owned())
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}
