//! Assembly of the slice.

use std::{sync::Arc, time::Duration};

use kith_kernel::{
    Clock, Entropy, PageTokenCodec,
    ports::{
        BlockList, ContentScreen, CrisisResourceLookup, FeatureFlags, Membership, PersonaLookup, ReplayLog,
        ResponseCounts, SessionLookup,
    },
};
use kith_proto::Module;

use crate::{
    EventHandler, FeedStreams, PostQuota, Service, access,
    adapters::{PostLookupAdapter, PostModeration},
    jobs::{DemoteExpiredSos, PurgeDeletedPosts},
    rpc::{self, Handlers, Presenter},
    store::Store,
};

/// Interval at which an idle feed stream checks that its caller still has access.
const SESSION_CHECK_INTERVAL: Duration = Duration::from_secs(30);

/// Dependencies of the adapters.
pub struct AdapterDeps {
    pub store: Arc<dyn Store>,
    pub blocks: Arc<dyn BlockList>,
    pub membership: Arc<dyn Membership>,
    pub personas: Arc<dyn PersonaLookup>,
    pub counts: Arc<dyn ResponseCounts>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Ports that this slice implements for others.
pub struct Adapters {
    pub lookup: Arc<PostLookupAdapter>,
    pub presenter: Arc<Presenter>,
    pub moderation: Arc<PostModeration>,
}

/// Assembles the adapters.
#[must_use]
pub fn adapters(deps: AdapterDeps) -> Adapters {
    let AdapterDeps { store, blocks, membership, personas, counts, clock, entropy } = deps;
    Adapters {
        lookup: Arc::new(PostLookupAdapter {
            store: store.clone(),
            blocks: blocks.clone(),
            membership: membership.clone(),
            clock: clock.clone(),
        }),
        presenter: Arc::new(Presenter {
            store: store.clone(),
            personas,
            blocks: blocks.clone(),
            counts,
            clock: clock.clone(),
        }),
        moderation: Arc::new(PostModeration { store, blocks, membership, clock, entropy }),
    }
}

/// Dependencies of the module.
pub struct ModuleDeps {
    pub store: Arc<dyn Store>,
    pub blocks: Arc<dyn BlockList>,
    pub membership: Arc<dyn Membership>,
    pub sessions: Arc<dyn SessionLookup>,
    pub flags: Arc<dyn FeatureFlags>,
    pub screen: Arc<dyn ContentScreen>,
    pub crisis_resources: Arc<dyn CrisisResourceLookup>,
    pub replay_log: Arc<dyn ReplayLog>,
    pub presenter: Arc<Presenter>,
    pub quota: PostQuota,
    pub page_tokens: Arc<PageTokenCodec>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Assembles the service and the module of the slice.
#[must_use]
pub fn module(deps: ModuleDeps) -> (Arc<Service>, Module) {
    let ModuleDeps { store, blocks, membership, sessions, flags, screen, presenter, clock, .. } = deps;
    let service = Arc::new(Service {
        store: store.clone(),
        blocks: blocks.clone(),
        membership,
        flags: flags.clone(),
        screen,
        quota: deps.quota,
        clock: clock.clone(),
        entropy: deps.entropy,
    });
    let feed_streams = FeedStreams {
        store: store.clone(),
        blocks,
        sessions,
        replay_log: deps.replay_log,
        flags,
        clock: clock.clone(),
        recheck_interval: SESSION_CHECK_INTERVAL,
    };
    let handlers = Handlers {
        service: service.clone(),
        feed_streams,
        presenter,
        page_tokens: deps.page_tokens,
        crisis_resources: deps.crisis_resources,
    };
    let module = Module::new("posts", rpc::router(handlers), access::METHOD_POLICIES)
        .with_event_handler(EventHandler { store: store.clone(), clock: clock.clone() })
        .with_periodic_job(PurgeDeletedPosts { store: store.clone(), clock: clock.clone() })
        .with_periodic_job(DemoteExpiredSos { store, clock });
    (service, module)
}
