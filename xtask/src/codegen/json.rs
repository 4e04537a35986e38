//! Generates canonical JSON conversions for each message, based on `kith_proto::json`.
//!
//! The code that pbjson generates is not used: it writes timestamps with `+00:00`, fails a whole response because of
//! one unknown enum value of a newer build, and rejects `null` and `1.0` where the specification allows them (see
//! docs/adr/0009).
#![expect(clippy::wildcard_enum_match_arm, reason = "unsupported field kinds fail the generator in one arm")]

use anyhow::{Result, bail};
use proc_macro2::TokenStream;
use prost_reflect::{Cardinality, DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use quote::{format_ident, quote};

use super::names::{module_of, path, variant};

pub(super) fn generate(package: &str, pool: &DescriptorPool) -> Result<TokenStream> {
    let messages = pool.all_messages().filter(|it| it.package_name() == package);
    let mut code: TokenStream = messages.map(|message| implementation(&message)).collect::<Result<_>>()?;
    for choice in pool.all_enums().filter(|it| it.package_name() == package) {
        code.extend(enum_names(&choice)?);
    }
    Ok(code)
}

fn enum_names(choice: &EnumDescriptor) -> Result<TokenStream> {
    let path = enum_path(choice, choice.package_name())?;
    Ok(quote! {
        impl ::kith_proto::json::ProtoEnum for #path {
            fn name(&self) -> &'static str {
                self.as_str_name()
            }

            fn from_name(name: &str) -> Option<Self> {
                Self::from_str_name(name)
            }
        }
    })
}

fn implementation(message: &MessageDescriptor) -> Result<TokenStream> {
    let (serialize, deserialize) = (serialize(message)?, deserialize(message)?);
    Ok(quote!(#serialize #deserialize))
}

fn serialize(message: &MessageDescriptor) -> Result<TokenStream> {
    let path = path(message)?;
    let mut entries = TokenStream::new();
    for field in message.fields() {
        let (name, json) = (syn::parse_str::<syn::Ident>(field.name())?, field.json_name().to_owned());
        let form = form(&field)?;
        entries.extend(if let Some((oneof, member)) = oneof(&field)? {
            let written = form.write(&quote!(value));
            quote!(if let Some(#member(value)) = &self.#oneof { map.serialize_entry(#json, &#written)?; })
        } else if field.cardinality() == Cardinality::Repeated {
            let written = form.write(&quote!(value));
            quote!(if !self.#name.is_empty() {
                map.serialize_entry(#json, &::kith_proto::json::List(&self.#name, |value| #written))?;
            })
        } else if field.supports_presence() {
            let written = form.write(&quote!(value));
            quote!(if let Some(value) = &self.#name { map.serialize_entry(#json, &#written)?; })
        } else {
            let (set, written) = (form.is_set(&quote!(self.#name)), form.write(&quote!((&self.#name))));
            quote!(if #set { map.serialize_entry(#json, &#written)?; })
        });
    }
    let map = if entries.is_empty() { quote!(let map) } else { quote!(let mut map) };
    Ok(quote! {
        impl ::serde::Serialize for #path {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                use ::serde::ser::SerializeMap as _;
                #map = serializer.serialize_map(None)?;
                #entries
                map.end()
            }
        }
    })
}

fn deserialize(message: &MessageDescriptor) -> Result<TokenStream> {
    let (path, expecting) = (path(message)?, format!("the message {}", message.name()));
    let mut arms = TokenStream::new();
    for field in message.fields() {
        let (name, json) = (field.name().to_owned(), field.json_name().to_owned());
        let ident = syn::parse_str::<syn::Ident>(&name)?;
        let form = form(&field)?;
        let read = form.read();
        let names = if name == json { quote!(#name) } else { quote!(#json | #name) };
        let body = if let Some((oneof, member)) = oneof(&field)? {
            quote! {
                if let Some(value) = ::kith_proto::json::optional(map.next_value::<Option<#read>>()?)
                    && message.#oneof.replace(#member(value)).is_some()
                {
                    return Err(::serde::de::Error::custom("more than one member of a oneof is set"));
                }
            }
        } else if field.cardinality() == Cardinality::Repeated {
            quote!(message.#ident = ::kith_proto::json::list(map.next_value::<Option<Vec<#read>>>()?);)
        } else if field.supports_presence() {
            quote!(message.#ident = ::kith_proto::json::optional(map.next_value::<Option<#read>>()?);)
        } else {
            quote!(message.#ident = ::kith_proto::json::value(map.next_value::<Option<#read>>()?);)
        };
        arms.extend(quote!(#names => { #body }));
    }
    let message_var = if arms.is_empty() { quote!(let message) } else { quote!(let mut message) };
    Ok(quote! {
        impl<'de> ::serde::Deserialize<'de> for #path {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                struct Visitor;
                impl<'de> ::serde::de::Visitor<'de> for Visitor {
                    type Value = #path;

                    fn expecting(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                        f.write_str(#expecting)
                    }

                    fn visit_map<A: ::serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> ::core::result::Result<Self::Value, A::Error> {
                        #message_var = Self::Value::default();
                        while let Some(key) = map.next_key::<::kith_proto::json::Key<'de>>()? {
                            match key.as_ref() {
                                #arms
                                _ => { map.next_value::<::serde::de::IgnoredAny>()?; }
                            }
                        }
                        Ok(message)
                    }
                }
                deserializer.deserialize_map(Visitor)
            }
        }
    })
}

/// Returns the struct field and the variant path of a oneof member.
fn oneof(field: &FieldDescriptor) -> Result<Option<(syn::Ident, TokenStream)>> {
    let Some(oneof) = field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) else { return Ok(None) };
    let parent = path(field.parent_message())?;
    let module = module_of(field.parent_message())?;
    let (kind, member) = (variant(oneof.name()), variant(field.name()));
    if parent.to_string().contains("::") {
        bail!("{}: a oneof in a nested message is not supported", field.full_name());
    }
    Ok(Some((format_ident!("{}", oneof.name()), quote!(#module::#kind::#member))))
}

/// JSON representation of a field.
enum Form {
    Plain(TokenStream),
    Bool,
    Number(TokenStream),
    Text(TokenStream),
    Base64,
    Choice(TokenStream),
    Time,
    Message(TokenStream),
}

fn form(field: &FieldDescriptor) -> Result<Form> {
    if field.is_map() {
        bail!("{}: maps are not supported", field.full_name());
    }
    let package = field.parent_message().package_name().to_owned();
    Ok(match field.kind() {
        Kind::String => Form::Plain(quote!(::std::string::String)),
        Kind::Bool => Form::Bool,
        Kind::Int32 => Form::Number(quote!(i32)),
        Kind::Uint32 => Form::Number(quote!(u32)),
        Kind::Int64 => Form::Text(quote!(i64)),
        Kind::Uint64 => Form::Text(quote!(u64)),
        Kind::Bytes => Form::Base64,
        Kind::Enum(choice) => Form::Choice(enum_path(&choice, &package)?),
        Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => Form::Time,
        Kind::Message(message) if !message.full_name().starts_with("google.") => {
            Form::Message(message_path(&message, &package)?)
        }
        kind => bail!("{}: {kind:?} is not supported", field.full_name()),
    })
}

impl Form {
    /// Returns the expression that serializes `value`, a reference.
    fn write(&self, value: &TokenStream) -> TokenStream {
        match self {
            Self::Plain(_) | Self::Bool | Self::Number(_) | Self::Message(_) => quote!(#value),
            Self::Text(_) => quote!(::kith_proto::json::Int64Text(*#value)),
            Self::Base64 => quote!(::kith_proto::json::Base64(#value)),
            Self::Choice(path) => quote!(::kith_proto::json::EnumValue::<#path>::new(*#value)),
            Self::Time => quote!(::kith_proto::json::TimestampValue(#value)),
        }
    }

    /// Returns the type that deserializes the field.
    fn read(&self) -> TokenStream {
        match self {
            Self::Plain(plain) | Self::Message(plain) => quote!(::kith_proto::json::PlainValue<#plain>),
            Self::Bool => quote!(::kith_proto::json::PlainValue<bool>),
            Self::Number(number) | Self::Text(number) => quote!(::kith_proto::json::Number<#number>),
            Self::Base64 => quote!(::kith_proto::json::Base64<Vec<u8>>),
            Self::Choice(path) => quote!(::kith_proto::json::EnumValue<#path>),
            Self::Time => quote!(::kith_proto::json::TimestampValue<::pbjson_types::Timestamp>),
        }
    }

    fn is_set(&self, value: &TokenStream) -> TokenStream {
        match self {
            Self::Plain(_) | Self::Base64 => quote!(!#value.is_empty()),
            Self::Bool => quote!(#value),
            Self::Number(_) | Self::Text(_) | Self::Choice(_) => quote!(#value != 0),
            Self::Time | Self::Message(_) => quote!(#value.is_some()),
        }
    }
}

/// Returns the module path of another package, such as `::kith_proto::posts::v1`.
fn package_path(package: &str) -> Result<TokenStream> {
    let modules = package.strip_prefix("kith.").unwrap_or(package).split('.');
    let modules = modules.map(syn::parse_str::<syn::Ident>).collect::<syn::Result<Vec<_>>>()?;
    Ok(quote!(::kith_proto::#(#modules)::*))
}

fn message_path(message: &MessageDescriptor, from: &str) -> Result<TokenStream> {
    let path = path(message)?;
    if message.package_name() == from {
        return Ok(path);
    }
    let package = package_path(message.package_name())?;
    Ok(quote!(#package::#path))
}

fn enum_path(choice: &EnumDescriptor, from: &str) -> Result<TokenStream> {
    let name = format_ident!("{}", choice.name());
    if let Some(parent) = choice.parent_message() {
        let module = module_of(&parent)?;
        return Ok(quote!(#module::#name));
    }
    if choice.package_name() == from {
        return Ok(quote!(#name));
    }
    let package = package_path(choice.package_name())?;
    Ok(quote!(#package::#name))
}
