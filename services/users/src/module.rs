//! Assembly of the slice.

use std::sync::Arc;

use kith_kernel::{
    Clock, Entropy, PageTokenCodec,
    ports::{CredentialLookup, Membership},
};
use kith_proto::Module;

use crate::{
    EventHandler, Service, access,
    adapters::{
        AccountDirectoryAdapter, AccountMutingAdapter, BlockListAdapter, PersonaLookupAdapter, PersonaRegistryAdapter,
        StaffDirectoryAdapter,
    },
    rpc::{self, Handlers},
    store::Store,
};

/// Ports that this slice implements for others.
pub struct Adapters {
    pub accounts: Arc<AccountDirectoryAdapter>,
    pub muting: Arc<AccountMutingAdapter>,
    pub blocks: Arc<BlockListAdapter>,
    pub personas: Arc<PersonaLookupAdapter>,
    pub persona_registry: Arc<PersonaRegistryAdapter>,
    pub staff: Arc<StaffDirectoryAdapter>,
}

/// Assembles the adapters.
pub fn adapters(store: &Arc<dyn Store>, clock: &Arc<dyn Clock>, entropy: &Arc<dyn Entropy>) -> Adapters {
    let (store, clock, entropy) = (|| store.clone(), || clock.clone(), || entropy.clone());
    Adapters {
        accounts: Arc::new(AccountDirectoryAdapter { store: store(), clock: clock(), entropy: entropy() }),
        muting: Arc::new(AccountMutingAdapter { store: store(), clock: clock(), entropy: entropy() }),
        blocks: Arc::new(BlockListAdapter { store: store() }),
        personas: Arc::new(PersonaLookupAdapter { store: store() }),
        persona_registry: Arc::new(PersonaRegistryAdapter { store: store(), entropy: entropy() }),
        staff: Arc::new(StaffDirectoryAdapter { store: store(), clock: clock(), entropy: entropy() }),
    }
}

/// Dependencies of the module.
pub struct ModuleDeps {
    pub store: Arc<dyn Store>,
    pub credentials: Arc<dyn CredentialLookup>,
    pub membership: Arc<dyn Membership>,
    pub page_tokens: Arc<PageTokenCodec>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Assembles the service and the module of the slice.
#[must_use]
pub fn module(deps: ModuleDeps) -> (Arc<Service>, Module) {
    let ModuleDeps { store, credentials, membership, page_tokens, clock, entropy } = deps;
    let service =
        Arc::new(Service { store: store.clone(), credentials, membership, clock: clock.clone(), entropy, page_tokens });
    let module = Module::new("users", rpc::router(Handlers { service: service.clone() }), access::METHOD_POLICIES)
        .with_event_handler(EventHandler { store, clock });
    (service, module)
}
