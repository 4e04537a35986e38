//! Ports that this crate implements for other slices. They depend on the store alone, so that other ports can be built
//! from them.

mod account_directory;
mod account_muting;
mod audit;
mod block_list;
mod persona_lookup;
mod persona_registry;
mod staff_directory;

pub use self::{
    account_directory::AccountDirectoryAdapter, account_muting::AccountMutingAdapter, block_list::BlockListAdapter,
    persona_lookup::PersonaLookupAdapter, persona_registry::PersonaRegistryAdapter,
    staff_directory::StaffDirectoryAdapter,
};
