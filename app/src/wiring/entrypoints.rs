//! Pass 4: HTTP stack, WebSocket gateway, event delivery and background work.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use kith_infra::{bus, keys::KeyRing};
use kith_kernel::{
    audit::CheckpointKeys,
    ports::{EventBus, EventHandler, PeriodicJob, TimerHandler},
};
use kith_proto::Module;
use kith_realtime::{ChannelPublisher, Gateway};
use kith_storage::{Relay, TimerWorker, audit::CheckpointSigner};
use tokio::sync::watch;

use super::{
    modules::method_policies,
    ports::Ports,
    settings::{DemoPage, RuntimeContext, Settings},
    stores::Stores,
};
use crate::{
    http::{self, HttpStack, MethodRegistry, grpc_health, health_routes, reflection},
    page,
};

/// HTTP stack, gateway, event delivery and background work.
pub struct Entrypoints {
    /// RPC methods and other routes.
    pub http: HttpStack,
    pub gateway: Gateway,
    /// Set to true while the process accepts calls.
    pub ready: watch::Sender<bool>,
    /// Bus to which the relay publishes.
    pub bus: Arc<dyn EventBus>,
    /// Event handlers of all slices. Replays of dead letters call them directly.
    pub event_handlers: Vec<Arc<dyn EventHandler>>,
    /// Publishes events of the outboxes.
    pub relay: Relay,
    pub periodic_jobs: Vec<Arc<dyn PeriodicJob>>,
    /// Fires durable timers.
    pub timer_worker: TimerWorker,
    /// Signs checkpoints of the audit log.
    pub audit_signer: CheckpointSigner,
}

impl Entrypoints {
    /// Builds the entry points of all slices.
    ///
    /// # Errors
    /// If the method policies of a slice do not match its proto, which is an error of the build.
    pub async fn build(
        stores: &Stores,
        ports: &Ports,
        modules: Vec<Module>,
        runtime: &RuntimeContext,
        settings: &Settings,
    ) -> Result<Self> {
        let (ready, is_ready) = watch::channel(false);
        let registry = Arc::new(MethodRegistry::new(kith_proto::METHODS, method_policies(settings.quotas))?);
        let http_deps = http::HttpDeps {
            tokens: ports.auth.verifier.clone(),
            rate_limiter: stores.rate_limiter.clone(),
            idempotency: stores.idempotency.clone(),
            clock: runtime.clock.clone(),
            entropy: runtime.entropy.clone(),
        };
        let gateway = gateway(stores, ports, runtime, settings).await?;
        let ModuleParts { methods, event_handlers, periodic_jobs, timer_handlers } = merge(modules, stores);
        let methods =
            methods.merge(grpc_health::router(is_ready.clone())).merge(reflection::router(kith_proto::DESCRIPTORS)?);
        let checks = health_routes::HealthChecks {
            required: stores.required_checks.clone(),
            optional: stores.optional_checks.clone(),
        };
        let mut paths = health_routes::router(is_ready, checks, &ports.token_keys.jwks()).merge(gateway.router());
        if settings.demo_page == DemoPage::Enabled {
            paths = paths.merge(page::router());
        }
        let bus: Arc<dyn EventBus> = match &stores.cluster {
            None => Arc::new(bus::InProcess::new(event_handlers.clone(), stores.dead_letters.clone())),
            Some(cluster) => cluster.bus.clone(),
        };
        Ok(Self {
            http: http::build_stack(methods, paths, registry, &settings.http, &http_deps),
            gateway,
            ready,
            relay: Relay::new(stores.outboxes.clone(), bus.clone(), runtime.clock.clone()),
            bus,
            event_handlers,
            periodic_jobs,
            timer_worker: TimerWorker::new(stores.timer_store.clone(), timer_handlers, runtime.clock.clone()),
            audit_signer: CheckpointSigner {
                audit_log: stores.audit.clone(),
                stores: stores.checkpoints.clone(),
                keys: Arc::new(checkpoint_keys(&runtime.ring)?),
                clock: runtime.clock.clone(),
            },
        })
    }
}

/// Derives the keys that sign checkpoints of the audit log.
///
/// # Errors
/// If the key ring is empty.
pub fn checkpoint_keys(ring: &KeyRing) -> Result<CheckpointKeys> {
    Ok(CheckpointKeys::new(&ring.derive("kith/audit"))?)
}

async fn gateway(stores: &Stores, ports: &Ports, runtime: &RuntimeContext, settings: &Settings) -> Result<Gateway> {
    let gateway_deps = kith_realtime::GatewayDeps {
        replay_log: stores.replay_log.clone(),
        access: ports.channels.clone(),
        blocks: ports.users.blocks.clone(),
        tickets: ports.auth.tickets.clone(),
        lookup: ports.posts.lookup.clone(),
        posts: ports.posts.presenter.clone(),
        responses: ports.support.presenter.clone(),
        clock: runtime.clock.clone(),
        entropy: runtime.entropy.clone(),
    };
    Gateway::start(gateway_deps, settings.realtime, settings.allowed_origins())
        .await
        .context("failed to start the WebSocket gateway")
}

/// Parts of all modules.
struct ModuleParts {
    methods: Router,
    event_handlers: Vec<Arc<dyn EventHandler>>,
    periodic_jobs: Vec<Arc<dyn PeriodicJob>>,
    timer_handlers: Vec<Arc<dyn TimerHandler>>,
}

/// Merges the modules with the infrastructure. The channel publisher comes first: clients are notified before counters are
/// updated.
fn merge(modules: Vec<Module>, stores: &Stores) -> ModuleParts {
    let publisher = ChannelPublisher { replay_log: stores.replay_log.clone() };
    let mut parts = ModuleParts {
        methods: Router::new(),
        event_handlers: vec![Arc::new(publisher)],
        periodic_jobs: stores.periodic_jobs.clone(),
        timer_handlers: Vec::new(),
    };
    for module in modules {
        parts.methods = parts.methods.merge(module.routes);
        parts.event_handlers.extend(module.event_handlers);
        parts.periodic_jobs.extend(module.periodic_jobs);
        parts.timer_handlers.extend(module.timer_handlers);
    }
    parts
}
