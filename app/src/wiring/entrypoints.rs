//! Pass 4: HTTP stack, WebSocket gateway, event delivery and background work.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use axum::Router;
use kith_infra::{bus, keys::Ring};
use kith_kernel::{
    audit::CheckpointKeys,
    ports::{EventBus, EventHandler, PeriodicJob},
};
use kith_realtime::{ChannelPublisher, Gateway};
use kith_storage::{Relay, audit::CheckpointSigner};
use tokio::sync::watch;

use super::{
    method_policies::method_policies,
    ports::Ports,
    services::Services,
    settings::{DemoPage, RuntimeContext, Settings},
    stores::Stores,
};
use crate::{
    http::{self, HttpStack, MethodRegistry, grpc_health, health_routes, reflection},
    page,
};

/// Interval at which an idle feed stream checks that its caller still has access.
const SESSION_CHECK_INTERVAL: Duration = Duration::from_secs(30);

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
        services: &Services,
        runtime: &RuntimeContext,
        settings: &Settings,
    ) -> Result<Self> {
        let (ready, is_ready) = watch::channel(false);
        let registry = Arc::new(MethodRegistry::new(kith_proto::METHODS, method_policies(settings.quotas))?);
        let http_deps = http::HttpDeps {
            tokens: ports.tokens.clone(),
            rate_limiter: stores.rate_limiter.clone(),
            idempotency: stores.idempotency.clone(),
            clock: runtime.clock.clone(),
            entropy: runtime.entropy.clone(),
        };
        let gateway = gateway(stores, ports, runtime, settings).await?;
        let methods = methods(stores, ports, services, runtime, is_ready.clone())?;
        let checks = health_routes::HealthChecks {
            required: stores.required_checks.clone(),
            optional: stores.optional_checks.clone(),
        };
        let mut paths = health_routes::router(is_ready, checks, &ports.keys.jwks()).merge(gateway.router());
        if settings.demo_page == DemoPage::Enabled {
            paths = paths.merge(page::router());
        }
        let event_handlers = event_handlers(stores, ports, services, runtime);
        let bus: Arc<dyn EventBus> = match &stores.cluster {
            None => Arc::new(bus::Local::new(event_handlers.clone(), stores.dead_letters.clone())),
            Some(cluster) => cluster.bus.clone(),
        };
        Ok(Self {
            http: http::build_stack(methods, paths, registry, &settings.http, &http_deps),
            gateway,
            ready,
            relay: Relay::new(stores.outboxes.clone(), bus.clone(), runtime.clock.clone()),
            bus,
            event_handlers,
            periodic_jobs: periodic_jobs(stores, services, runtime),
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
pub fn checkpoint_keys(ring: &Ring) -> Result<CheckpointKeys> {
    Ok(CheckpointKeys::new(&ring.derive("kith/audit"))?)
}

async fn gateway(stores: &Stores, ports: &Ports, runtime: &RuntimeContext, settings: &Settings) -> Result<Gateway> {
    let gateway_ports = kith_realtime::Ports {
        live: stores.replay_log.clone(),
        access: ports.channels.clone(),
        blocks: ports.blocks.clone(),
        tickets: ports.tickets.clone(),
        lookup: ports.post_lookup.clone(),
        posts: ports.post_presenter.clone(),
        responses: ports.response_presenter.clone(),
        clock: runtime.clock.clone(),
        entropy: runtime.entropy.clone(),
    };
    Gateway::start(gateway_ports, settings.realtime, settings.allowed_origins())
        .await
        .context("failed to start the WebSocket gateway")
}

fn methods(
    stores: &Stores,
    ports: &Ports,
    services: &Services,
    runtime: &RuntimeContext,
    is_ready: grpc_health::ReadySignal,
) -> Result<Router> {
    let feed_streams = kith_posts::FeedStreams {
        store: stores.posts.clone(),
        blocks: ports.blocks.clone(),
        sessions: ports.sessions.clone(),
        replay_log: stores.replay_log.clone(),
        flags: ports.flags.clone(),
        clock: runtime.clock.clone(),
        recheck_interval: SESSION_CHECK_INTERVAL,
    };
    let posts = kith_posts::rpc::Handlers {
        service: services.posts.clone(),
        feed_streams,
        presenter: ports.post_rpc_presenter.clone(),
        page_tokens: ports.page_tokens.clone(),
        crisis_resources: ports.crisis_resources.clone(),
    };
    let circles = kith_circles::rpc::Methods {
        service: services.circles.clone(),
        views: kith_circles::rpc::Views { personas: ports.personas.clone() },
        feeds: Arc::new(kith_posts::adapters::CircleFeedAdapter {
            service: services.posts.clone(),
            presenter: ports.post_rpc_presenter.clone(),
            page_tokens: ports.page_tokens.clone(),
        }),
    };
    let moderation = Arc::new(kith_moderation::rpc::Handlers {
        service: services.moderation.clone(),
        presenter: kith_moderation::rpc::Presenter { personas: ports.personas.clone(), clock: runtime.clock.clone() },
    });
    let support = kith_support::rpc::router(
        services.support.clone(),
        ports.response_rpc_presenter.clone(),
        ports.page_tokens.clone(),
        ports.crisis_resources.clone(),
    );
    let screening = kith_screening::rpc::Handlers {
        service: services.screening.clone(),
        presenter: kith_screening::rpc::Presenter { personas: ports.personas.clone() },
    };
    let admin = kith_admin::rpc::Handlers { service: services.admin.clone() };
    Ok(Router::new()
        .merge(kith_auth::rpc::router(services.auth.clone()))
        .merge(kith_users::rpc::router(services.users.clone()))
        .merge(kith_posts::rpc::router(posts))
        .merge(support)
        .merge(kith_admin::rpc::router(admin))
        .merge(kith_circles::rpc::router(circles))
        .merge(kith_moderation::rpc::router(moderation))
        .merge(kith_progress::rpc::router(services.progress.clone(), ports.page_tokens.clone()))
        .merge(kith_screening::rpc::router(screening))
        .merge(grpc_health::router(is_ready))
        .merge(reflection::router(kith_proto::DESCRIPTORS)?))
}

/// The channel publisher comes first: clients are notified before counters are updated.
fn event_handlers(
    stores: &Stores,
    ports: &Ports,
    services: &Services,
    runtime: &RuntimeContext,
) -> Vec<Arc<dyn EventHandler>> {
    vec![
        Arc::new(ChannelPublisher { live: stores.replay_log.clone() }),
        Arc::new(kith_posts::EventHandler { store: stores.posts.clone(), clock: runtime.clock.clone() }),
        Arc::new(kith_auth::Reactions { remembered: ports.remembered.clone() }),
        Arc::new(kith_users::Reactions { store: stores.users.clone(), clock: runtime.clock.clone() }),
        Arc::new(kith_moderation::EventHandler {
            store: stores.moderation.clone(),
            intake: services.moderation.intake.clone(),
            enforcer: services.moderation.enforcer.clone(),
            clock: runtime.clock.clone(),
        }),
    ]
}

fn periodic_jobs(stores: &Stores, services: &Services, runtime: &RuntimeContext) -> Vec<Arc<dyn PeriodicJob>> {
    let clock = || runtime.clock.clone();
    let slice_jobs: [Arc<dyn PeriodicJob>; 6] = [
        Arc::new(kith_auth::Retention { store: stores.auth.clone(), clock: clock() }),
        Arc::new(kith_posts::jobs::PurgeDeletedPosts { store: stores.posts.clone(), clock: clock() }),
        Arc::new(kith_posts::jobs::DemoteExpiredSos { store: stores.posts.clone(), clock: clock() }),
        Arc::new(kith_support::Purge { store: stores.support.clone(), clock: clock() }),
        Arc::new(kith_moderation::ExpireSanctions {
            store: stores.moderation.clone(),
            enforcer: services.moderation.enforcer.clone(),
            clock: clock(),
        }),
        Arc::new(kith_progress::Milestones {
            store: stores.progress.clone(),
            clock: clock(),
            entropy: runtime.entropy.clone(),
        }),
    ];
    stores.periodic_jobs.iter().cloned().chain(slice_jobs).collect()
}
