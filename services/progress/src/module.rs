//! Assembly of the slice.

use std::sync::Arc;

use kith_kernel::{Clock, Entropy, PageTokenCodec, ports::FieldEncryption};
use kith_proto::Module;

use crate::{
    NoteCipher, Service, access,
    jobs::AnnounceMilestones,
    rpc::{self, Handlers},
    store::Store,
};

/// Dependencies of the module.
pub struct ModuleDeps {
    pub store: Arc<dyn Store>,
    pub encryption: Arc<dyn FieldEncryption>,
    pub page_tokens: Arc<PageTokenCodec>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Assembles the service and the module of the slice.
#[must_use]
pub fn module(deps: ModuleDeps) -> (Arc<Service>, Module) {
    let ModuleDeps { store, encryption, page_tokens, clock, entropy } = deps;
    let service = Arc::new(Service {
        store: store.clone(),
        note_cipher: NoteCipher { encryption },
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    let handlers = Handlers { service: service.clone(), page_tokens };
    let module = Module::new("progress", rpc::router(handlers), access::METHOD_POLICIES)
        .with_periodic_job(AnnounceMilestones { store, clock, entropy });
    (service, module)
}
