//! Assembly of the slice.

use std::sync::Arc;

use kith_kernel::{
    Clock, Entropy, PageTokenCodec,
    ports::{AccountDirectory, AuditLog, PersonaLookup, StaffDirectory},
};
use kith_proto::Module;

use crate::{
    CachedFeatureFlags, Service, access,
    rpc::{self, Handlers},
    store::Store,
};

/// Dependencies of the slice.
pub struct ModuleDeps {
    pub store: Arc<dyn Store>,
    /// The same object that implements the port `FeatureFlags`: a changed flag invalidates its cache.
    pub flags: Arc<CachedFeatureFlags>,
    pub staff: Arc<dyn StaffDirectory>,
    pub accounts: Arc<dyn AccountDirectory>,
    pub personas: Arc<dyn PersonaLookup>,
    pub audit: Arc<dyn AuditLog>,
    pub page_tokens: Arc<PageTokenCodec>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Assembles the module of the slice.
#[must_use]
pub fn module(deps: ModuleDeps) -> Module {
    let ModuleDeps { store, flags, staff, accounts, personas, audit, page_tokens, clock, entropy } = deps;
    let service = Arc::new(Service { staff, accounts, personas, audit, store, flags, page_tokens, clock, entropy });
    Module::new("admin", rpc::router(Handlers { service }), access::METHOD_POLICIES)
}
