//! One SQL text, two databases.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, ImplItem, ImplItemFn, ItemImpl, ReturnType, parse_quote};

pub(crate) fn twice(mut item: ItemImpl) -> TokenStream {
    if item.trait_.is_some() {
        for member in &mut item.items {
            if let ImplItem::Fn(method) = member {
                hurry(method);
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

/// Puts the body of an asynchronous method under the deadline of `self.database`.
fn hurry(method: &mut ImplItemFn) {
    let marks = method.attrs.len();
    method.attrs.retain(|mark| !is_unhurried(mark));
    let unhurried = method.attrs.len() < marks;
    let ReturnType::Type(_, answer) = &method.sig.output else { return };
    if unhurried || method.sig.asyncness.is_none() || method.sig.receiver().is_none() {
        return;
    }
    let body = &method.block;
    method.block = parse_quote! {{
        self.database.within(async move {
            // Never so: it tells `?` in the body what it answers.
            if let Some(never) = None::<#answer> {
                return never;
            }
            #body
        }).await
    }};
}

fn is_unhurried(mark: &Attribute) -> bool {
    mark.path().is_ident("unhurried")
}
