//! Values that are one of a closed set, and the log filter.

use std::fmt;

use tracing_subscriber::EnvFilter;

use super::value::ScalarValue;

macro_rules! config_enum {
    ($($(#[doc = $doc:literal])+ $name:ident $type_hint:literal { $($(#[doc = $variant_doc:literal])* $variant:ident = $text:literal,)+ })+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[doc = $variant_doc])* $variant,)+
        }

        impl $name {
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ScalarValue for $name {
            const TYPE_HINT: &'static str = $type_hint;

            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(format!("must be {}, got \"{text}\"", $type_hint)),
                }
            }

            fn placeholder() -> Self {
                let [first, ..] = [$(Self::$variant),+];
                first
            }

            fn display(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

config_enum! {
    /// Environment of the process.
    Mode "`development` or `production`" {
        /// For development: missing secrets are generated.
        Development = "development",
        /// For real users: missing settings are errors.
        Production = "production",
    }

    /// Embedded mode: one process with an SQLite file.
    Embedded "`auto` or `true`" {
        /// Embedded if no server URL is set.
        Auto = "auto",
        /// Embedded by explicit choice.
        Enabled = "true",
    }

    /// Format of log lines.
    LogFormat "`pretty` or `json`" {
        Pretty = "pretty",
        Json = "json",
    }
}

/// A valid filter of log events in the syntax of tracing directives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn to_env_filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl ScalarValue for LogFilter {
    const TYPE_HINT: &'static str = "a level, and levels of modules, such as `info,kith_storage=debug`";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("must not be empty".to_owned());
        }
        match EnvFilter::builder().parse(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(format!("invalid filter \"{text}\": {error}")),
        }
    }

    fn placeholder() -> Self {
        Self("info".to_owned())
    }

    fn display(&self) -> String {
        self.0.clone()
    }
}
