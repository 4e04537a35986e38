//! Macro that declares sections of configuration keys.

/// Generates a struct with a reader for each section, and the lists `KEYS` and `SECTIONS`.
///
/// A section is `Name "prefix." { .. }`; a key is a doc sentence and `name: Type = "default"`. Nested sections follow
/// the keys after a semicolon, as `name: Section`.
macro_rules! declare {
    ($(
        $(#[doc = $section_doc:literal])+
        $section:ident $prefix:literal {
            $($(#[doc = $doc:literal])+ $key:ident: $type:ty = $default:literal,)*
            $(; $($(#[doc = $inner_doc:literal])+ $inner:ident: $inner_type:ident,)+)?
        }
    )+) => {
        $(
            $(#[doc = $section_doc])+
            #[derive(Debug, Clone, PartialEq, Eq)]
            pub struct $section {
                $($(#[doc = $doc])+ pub $key: $type,)*
                $($($(#[doc = $inner_doc])+ pub $inner: $inner_type,)+)?
            }

            impl $section {
                pub(super) fn read(reader: &mut $crate::config::reader::Reader) -> Self {
                    Self {
                        $($key: reader.value(&Key {
                            name: concat!($prefix, stringify!($key)),
                            type_hint: <$type as ConfigValue>::TYPE_HINT,
                            default: $default,
                            secret: <$type as ConfigValue>::SECRET,
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
                type_hint: <$type as ConfigValue>::TYPE_HINT,
                default: $default,
                secret: <$type as ConfigValue>::SECRET,
                doc: concat!($($doc),+),
            },
        )*)+];

        /// Prefix and description of every section.
        pub(super) const SECTIONS: &[(&str, &str)] = &[$(($prefix, concat!($($section_doc),+)),)+];
    };
}
pub(super) use declare;
