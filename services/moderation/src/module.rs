//! Assembly of the slice.

use std::sync::Arc;

use kith_kernel::{
    Clock, Entropy, PageTokenCodec,
    ports::{
        AccountDirectory, AccountMuting, BlockList, CircleLookup, CircleModeration, ContentModeration, FieldEncryption,
        Membership, PersonaLookup,
    },
};
use kith_proto::Module;

use crate::{
    DecisionEnforcer, EventHandler, EvidenceCipher, ExpireSanctions, ReportIntake, Service, access,
    rpc::{self, Handlers, Presenter},
    store::Store,
};

/// Dependencies of the slice.
pub struct ModuleDeps {
    pub store: Arc<dyn Store>,
    pub contents: Arc<dyn ContentModeration>,
    pub circles: Arc<dyn CircleModeration>,
    pub circle_lookup: Arc<dyn CircleLookup>,
    pub membership: Arc<dyn Membership>,
    pub personas: Arc<dyn PersonaLookup>,
    pub accounts: Arc<dyn AccountDirectory>,
    pub mutes: Arc<dyn AccountMuting>,
    pub blocks: Arc<dyn BlockList>,
    pub encryption: Arc<dyn FieldEncryption>,
    pub page_tokens: Arc<PageTokenCodec>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Assembles the service and the module of the slice.
#[must_use]
pub fn module(deps: ModuleDeps) -> (Arc<Service>, Module) {
    let ModuleDeps { store, contents, circles, personas, accounts, page_tokens, clock, entropy, .. } = deps;
    let cipher = EvidenceCipher { encryption: deps.encryption };
    let enforcer = Arc::new(DecisionEnforcer {
        store: store.clone(),
        contents: contents.clone(),
        circles: circles.clone(),
        accounts: accounts.clone(),
        mutes: deps.mutes,
        clock: clock.clone(),
    });
    let intake = Arc::new(ReportIntake {
        store: store.clone(),
        enforcer: enforcer.clone(),
        contents,
        personas: personas.clone(),
        accounts,
        blocks: deps.blocks,
        membership: deps.membership,
        circles: deps.circle_lookup,
        cipher: cipher.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    let service = Arc::new(Service {
        store: store.clone(),
        enforcer: enforcer.clone(),
        intake: intake.clone(),
        circles,
        cipher,
        clock: clock.clone(),
        entropy,
        page_tokens,
    });
    let presenter = Presenter { personas, clock: clock.clone() };
    let handlers = Arc::new(Handlers { service: service.clone(), presenter });
    let module = Module::new("moderation", rpc::router(handlers), access::METHOD_POLICIES)
        .with_event_handler(EventHandler {
            store: store.clone(),
            intake,
            enforcer: enforcer.clone(),
            clock: clock.clone(),
        })
        .with_timer_handler(ExpireSanctions { store, enforcer, clock });
    (service, module)
}
