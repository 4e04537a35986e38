//! Assembly of the slice.

use std::{sync::Arc, thread::available_parallelism};

use kith_kernel::{
    Clock, Entropy, PageTokenCodec,
    ports::{AccountDirectory, EphemeralStore, FeatureFlags, FieldEncryption},
};
use kith_proto::Module;

use crate::{
    AuthCache, EventHandler, InvalidSigningKeys, PasswordHasher, RefreshKeys, Service, TicketIssuer, TokenKeys,
    Verifier, access,
    adapters::CredentialLookupAdapter,
    jobs::PurgeEndedSessions,
    rpc::{self, Handlers},
    store::Store,
};

/// Dependencies of the adapters.
pub struct AdapterDeps {
    pub store: Arc<dyn Store>,
    pub accounts: Arc<dyn AccountDirectory>,
    pub ephemeral: Arc<dyn EphemeralStore>,
    pub token_keys: Arc<TokenKeys>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Ports that this slice implements for others.
pub struct Adapters {
    pub credentials: Arc<CredentialLookupAdapter>,
    /// Verifies access tokens and looks up sessions.
    pub verifier: Arc<Verifier>,
    /// Issues and redeems WebSocket tickets.
    pub tickets: Arc<TicketIssuer>,
    /// Cache of the verifier. The service and the event handler share it, so that ended sessions are rejected at once.
    pub cache: Arc<AuthCache>,
}

/// Assembles the adapters.
#[must_use]
pub fn adapters(deps: AdapterDeps) -> Adapters {
    let AdapterDeps { store, accounts, ephemeral, token_keys, clock, entropy } = deps;
    let cache = Arc::new(AuthCache::default());
    let verifier = Arc::new(Verifier {
        store: store.clone(),
        accounts,
        keys: token_keys,
        cache: cache.clone(),
        clock: clock.clone(),
    });
    let tickets = Arc::new(TicketIssuer { verifier: verifier.clone(), ephemeral, clock, entropy });
    Adapters { credentials: Arc::new(CredentialLookupAdapter { store }), verifier, tickets, cache }
}

/// Dependencies of the module.
pub struct ModuleDeps<'a> {
    pub store: Arc<dyn Store>,
    pub adapters: &'a Adapters,
    pub accounts: Arc<dyn AccountDirectory>,
    pub flags: Arc<dyn FeatureFlags>,
    pub encryption: Arc<dyn FieldEncryption>,
    pub token_keys: Arc<TokenKeys>,
    /// Seeds of the refresh tokens, the present one first.
    pub refresh_seeds: &'a [[u8; 32]],
    pub page_tokens: Arc<PageTokenCodec>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Assembles the service and the module of the slice.
///
/// # Errors
/// If there is no seed.
pub fn module(deps: ModuleDeps<'_>) -> Result<(Arc<Service>, Module), InvalidSigningKeys> {
    let ModuleDeps { store, adapters, accounts, flags, encryption, token_keys, page_tokens, clock, entropy, .. } = deps;
    let cores = available_parallelism().map_or(1, usize::from);
    let service = Arc::new(Service {
        store: store.clone(),
        accounts,
        flags,
        encryption,
        passwords: Arc::new(PasswordHasher::new(cores, entropy.clone())),
        token_keys,
        refresh_keys: Arc::new(RefreshKeys::new(deps.refresh_seeds, entropy.clone())?),
        cache: adapters.cache.clone(),
        clock: clock.clone(),
        entropy,
    });
    let handlers = Handlers { service: service.clone(), tickets: adapters.tickets.clone(), page_tokens };
    let module = Module::new("auth", rpc::router(handlers), access::METHOD_POLICIES)
        .with_event_handler(EventHandler { cache: adapters.cache.clone() })
        .with_periodic_job(PurgeEndedSessions { store, clock });
    Ok((service, module))
}
