//! Assembly of the slice.

use std::sync::Arc;

use kith_kernel::{
    Clock, Entropy, PageTokenCodec,
    ports::{BlockList, ContentModeration, ContentScreen, CrisisResourceLookup, PersonaLookup, PostLookup},
};
use kith_proto::Module;

use crate::{
    Service, access,
    adapters::{ResponseCountsAdapter, ResponseModeration},
    jobs::PurgeDeletedResponses,
    rpc::{self, Handlers, Presenter},
    store::Store,
};

/// Dependencies of the adapters.
pub struct AdapterDeps {
    pub store: Arc<dyn Store>,
    pub posts: Arc<dyn PostLookup>,
    pub post_moderation: Arc<dyn ContentModeration>,
    pub blocks: Arc<dyn BlockList>,
    pub personas: Arc<dyn PersonaLookup>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Ports that this slice implements for others, besides [`counts`].
pub struct Adapters {
    pub presenter: Arc<Presenter>,
    pub moderation: Arc<ResponseModeration>,
}

/// Assembles the adapter of `ResponseCounts`, which the adapters of `posts` need.
#[must_use]
pub fn counts(store: Arc<dyn Store>) -> Arc<ResponseCountsAdapter> {
    Arc::new(ResponseCountsAdapter { store })
}

/// Assembles the other adapters.
#[must_use]
pub fn adapters(deps: AdapterDeps) -> Adapters {
    let AdapterDeps { store, posts, post_moderation, blocks, personas, clock, entropy } = deps;
    Adapters {
        presenter: Arc::new(Presenter { store: store.clone(), posts: posts.clone(), personas }),
        moderation: Arc::new(ResponseModeration { store, posts, post_moderation, blocks, clock, entropy }),
    }
}

/// Dependencies of the module.
pub struct ModuleDeps {
    pub store: Arc<dyn Store>,
    pub posts: Arc<dyn PostLookup>,
    pub blocks: Arc<dyn BlockList>,
    pub screen: Arc<dyn ContentScreen>,
    pub crisis_resources: Arc<dyn CrisisResourceLookup>,
    pub presenter: Arc<Presenter>,
    pub page_tokens: Arc<PageTokenCodec>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Assembles the service and the module of the slice.
#[must_use]
pub fn module(deps: ModuleDeps) -> (Arc<Service>, Module) {
    let ModuleDeps { store, posts, blocks, screen, presenter, page_tokens, clock, entropy, .. } = deps;
    let service = Arc::new(Service { store: store.clone(), posts, blocks, screen, clock: clock.clone(), entropy });
    let crisis_resources = deps.crisis_resources;
    let handlers = Handlers { service: service.clone(), presenter, page_tokens, crisis_resources };
    let module = Module::new("support", rpc::router(handlers), access::METHOD_POLICIES)
        .with_periodic_job(PurgeDeletedResponses { store, clock });
    (service, module)
}
