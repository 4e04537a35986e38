//! Expansion of the `sql` attribute.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, ImplItem, ImplItemFn, ItemImpl, ReturnType, parse_quote};

pub(crate) fn expand(mut item: ItemImpl) -> TokenStream {
    if item.trait_.is_some() {
        for member in &mut item.items {
            if let ImplItem::Fn(method) = member {
                add_timeout(method);
            }
        }
    }
    quote! {
        const _: () = {
            type Db = ::sqlx::Postgres;
            #item
        };
        const _: () = {
            type Db = ::sqlx::Sqlite;
            #item
        };
    }
}

/// Wraps the body of an async method with the query timeout of `self.database`.
fn add_timeout(method: &mut ImplItemFn) {
    let count = method.attrs.len();
    method.attrs.retain(|attribute| !is_no_timeout(attribute));
    let no_timeout = method.attrs.len() < count;
    let ReturnType::Type(_, output) = &method.sig.output else { return };
    if no_timeout || method.sig.asyncness.is_none() || method.sig.receiver().is_none() {
        return;
    }
    let body = &method.block;
    method.block = parse_quote! {{
        self.database.with_timeout(async move {
            // Unreachable. It fixes the output type of the block, so that `?` in the body compiles.
            if let Some(never) = None::<#output> {
                return never;
            }
            #body
        }).await
    }};
}

fn is_no_timeout(attribute: &Attribute) -> bool {
    attribute.path().is_ident("no_timeout")
}
