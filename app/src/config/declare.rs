//! What becomes of the declaration of keys: structs, their reader, and the list of keys.

use std::collections::BTreeMap;

use super::{
    Fault, Source,
    source::{Raw, Sources},
    value::Value,
};

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// As in the file: `http.body_bytes`.
    pub name: &'static str,
    /// What its value looks like.
    pub kind: &'static str,
    /// The value where nobody says anything; empty where there is none.
    pub default: &'static str,
    /// Whether its value is never shown.
    pub secret: bool,
    /// What it means.
    pub doc: &'static str,
}

impl Key {
    /// Its variable: `KITH_HTTP_BODY_BYTES`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("KITH_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// The variable that names a file with its value. Only secrets have one.
    #[must_use]
    pub fn file_variable(&self) -> Option<String> {
        self.secret.then(|| format!("{}_FILE", self.variable()))
    }
}

/// A key with its value, for an operator's eyes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Which.
    pub key: &'static str,
    /// Its value; of a secret only whether there is one.
    pub value: String,
    /// Where it comes from.
    pub source: Source,
}

/// What is known of the source of each key, when all are read.
pub(super) struct Heard {
    sources: BTreeMap<&'static str, (Source, bool)>,
}

impl Heard {
    /// Where the key's value comes from.
    pub(super) fn source(&self, key: &str) -> Source {
        self.sources.get(key).map_or(Source::Default, |(source, _)| source.clone())
    }

    /// Whether the key's value could be read. What stands in for one that could not be is nobody's to judge.
    pub(super) fn sound(&self, key: &str) -> bool {
        self.sources.get(key).is_none_or(|(_, sound)| *sound)
    }
}

/// Reads keys one by one, and keeps what it finds wrong.
pub(super) struct Reader {
    sources: Sources,
    shown: Vec<Shown>,
    faults: Vec<Fault>,
    heard: BTreeMap<&'static str, (Source, bool)>,
}

impl Reader {
    pub(super) const fn new(sources: Sources, faults: Vec<Fault>) -> Self {
        Self { sources, shown: Vec::new(), faults, heard: BTreeMap::new() }
    }

    /// The value of a key. A value that cannot be read is a fault, and the default stands in for it, so that the rest
    /// is looked at as well.
    pub(super) fn value<V: Value>(&mut self, key: &Key) -> V {
        let said = self.sources.take(key.name);
        let already = self.faults.iter().any(|fault| fault.key == key.name);
        let (value, source, sound) = match said {
            None => (default(key), Source::Default, !already),
            Some((raw, source)) => match V::read(&raw) {
                Ok(value) => (value, source, true),
                Err(what) => {
                    self.faults.push(Fault::new(key.name, source.clone(), what));
                    (default(key), source, false)
                }
            },
        };
        self.heard.insert(key.name, (source.clone(), sound));
        self.shown.push(Shown { key: key.name, value: value.show(), source });
        value
    }

    pub(super) fn finish(self) -> (Vec<Shown>, Vec<Fault>, Heard) {
        (self.shown, self.faults, Heard { sources: self.heard })
    }
}

/// A test holds that every default can be read.
fn default<V: Value>(key: &Key) -> V {
    V::read(&Raw::Text(key.default.to_owned())).unwrap_or_else(|_| V::nothing())
}

/// Declares sections of keys: for each a struct and, over all of them, `KEYS`.
///
/// A section is `Name "prefix." { .. }`; a key is its doc sentence and `name: Type = "default"`. A section is in
/// another as `name: Section(Name)`.
macro_rules! declare {
    ($(
        $(#[doc = $about:literal])+
        $section:ident $prefix:literal {
            $($(#[doc = $doc:literal])+ $key:ident: $type:ty = $default:literal,)*
            $(; $($(#[doc = $inner_doc:literal])+ $inner:ident: $inner_type:ident,)+)?
        }
    )+) => {
        $(
            $(#[doc = $about])+
            #[derive(Debug, Clone, PartialEq, Eq)]
            pub struct $section {
                $($(#[doc = $doc])+ pub $key: $type,)*
                $($($(#[doc = $inner_doc])+ pub $inner: $inner_type,)+)?
            }

            impl $section {
                pub(super) fn read(reader: &mut $crate::config::declare::Reader) -> Self {
                    Self {
                        $($key: reader.value(&Key {
                            name: concat!($prefix, stringify!($key)),
                            kind: <$type as Value>::KIND,
                            default: $default,
                            secret: <$type as Value>::SECRET,
                            doc: concat!($($doc),+),
                        }),)*
                        $($($inner: $inner_type::read(reader),)+)?
                    }
                }
            }
        )+

        /// Every key.
        pub(super) const KEYS: &[Key] = &[$($(
            Key {
                name: concat!($prefix, stringify!($key)),
                kind: <$type as Value>::KIND,
                default: $default,
                secret: <$type as Value>::SECRET,
                doc: concat!($($doc),+),
            },
        )*)+];

        /// Every section: its prefix, and what it is about.
        pub(super) const SECTIONS: &[(&str, &str)] = &[$(($prefix, concat!($($about),+)),)+];
    };
}
pub(super) use declare;
