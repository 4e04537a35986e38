//! Names that prost generates.

use anyhow::{Context as _, Result};
use proc_macro2::TokenStream;
use prost_reflect::MessageDescriptor;
use quote::{format_ident, quote};

/// Returns the path of a message. A nested message is in a module named after its parent.
pub(super) fn path(message: &MessageDescriptor) -> Result<TokenStream> {
    let name = format_ident!("{}", message.name());
    let Some(parent) = message.parent_message() else { return Ok(quote!(#name)) };
    let module = module_of(&parent)?;
    Ok(quote!(#module::#name))
}

pub(super) fn module_of(message: &MessageDescriptor) -> Result<syn::Ident> {
    let mut module = String::new();
    for (at, letter) in message.name().char_indices() {
        if at > 0 && letter.is_uppercase() {
            module.push('_');
        }
        module.extend(letter.to_lowercase());
    }
    syn::parse_str(&module).context("invalid module name")
}

/// Returns the name of a oneof variant: `post_created` becomes `PostCreated`.
pub(super) fn variant(name: &str) -> syn::Ident {
    let mut variant = String::new();
    for word in name.split('_') {
        let mut letters = word.chars();
        variant.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        variant.push_str(letters.as_str());
    }
    format_ident!("{variant}")
}
