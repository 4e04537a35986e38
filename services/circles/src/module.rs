//! Assembly of the slice.

use std::sync::Arc;

use kith_kernel::{
    Clock, Entropy, PageTokenCodec,
    ports::{BlockList, FeatureFlags, PersonaLookup, PersonaRegistry},
};
use kith_proto::{Module, presenters::CircleFeed};

use crate::{
    Service, access,
    adapters::{CircleLookupAdapter, CircleModerationAdapter, MembershipAdapter},
    rpc::{self, Handlers, Presenter},
    store::Store,
};

/// Ports that this slice implements for others.
pub struct Adapters {
    pub membership: Arc<MembershipAdapter>,
    pub lookup: Arc<CircleLookupAdapter>,
    pub moderation: Arc<CircleModerationAdapter>,
}

/// Assembles the adapters.
#[must_use]
pub fn adapters(store: Arc<dyn Store>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Adapters {
    Adapters {
        membership: Arc::new(MembershipAdapter { store: store.clone() }),
        lookup: Arc::new(CircleLookupAdapter { store: store.clone() }),
        moderation: Arc::new(CircleModerationAdapter { store, clock, entropy }),
    }
}

/// Dependencies of the module.
pub struct ModuleDeps {
    pub store: Arc<dyn Store>,
    pub persona_registry: Arc<dyn PersonaRegistry>,
    pub personas: Arc<dyn PersonaLookup>,
    pub blocks: Arc<dyn BlockList>,
    pub flags: Arc<dyn FeatureFlags>,
    pub feed: Arc<dyn CircleFeed>,
    pub page_tokens: Arc<PageTokenCodec>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Assembles the service and the module of the slice.
#[must_use]
pub fn module(deps: ModuleDeps) -> (Arc<Service>, Module) {
    let ModuleDeps { store, persona_registry, personas, blocks, flags, feed, page_tokens, clock, entropy } = deps;
    let service = Arc::new(Service { store, personas: persona_registry, blocks, flags, clock, entropy, page_tokens });
    let handlers = Handlers { service: service.clone(), presenter: Presenter { personas }, feed };
    (service, Module::new("circles", rpc::router(handlers), access::METHOD_POLICIES))
}
