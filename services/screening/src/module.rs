//! Assembly of the slice.

use std::sync::Arc;

use kith_kernel::{
    Clock, Entropy,
    ports::{ContentModeration, PersonaLookup},
};
use kith_proto::Module;

use crate::{
    RuleScreen, RuleService, access,
    rpc::{self, Handlers, Presenter},
    store::Store,
};

/// Dependencies of the slice.
pub struct ModuleDeps {
    pub store: Arc<dyn Store>,
    /// The screen inside the port `ContentScreen`: a changed rule takes effect in it.
    pub screen: Arc<RuleScreen>,
    pub contents: Arc<dyn ContentModeration>,
    pub personas: Arc<dyn PersonaLookup>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Assembles the module of the slice.
#[must_use]
pub fn module(deps: ModuleDeps) -> Module {
    let ModuleDeps { store, screen, contents, personas, clock, entropy } = deps;
    let service = Arc::new(RuleService { store, screen, contents, clock, entropy });
    let handlers = Handlers { service, presenter: Presenter { personas } };
    Module::new("screening", rpc::router(handlers), access::METHOD_POLICIES)
}
