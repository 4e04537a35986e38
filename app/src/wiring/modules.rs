//! Pass 3: the modules of all slices.

use std::sync::Arc;

use anyhow::Result;
use kith_kernel::{MethodPolicy, Quota};
use kith_proto::Module;

use super::{
    ports::Ports,
    settings::{QuotaMode, RuntimeContext, Settings},
    stores::Stores,
};
use crate::http::method_registry;

/// Quota for [`QuotaMode::Unlimited`].
const UNLIMITED: Quota = Quota::per_minute(u32::MAX);

/// Access and quotas of the methods of all slices. The rate limiter needs them before the modules exist.
const METHOD_POLICIES: [&[MethodPolicy]; 10] = [
    method_registry::METHOD_POLICIES,
    kith_auth::access::METHOD_POLICIES,
    kith_users::access::METHOD_POLICIES,
    kith_posts::access::METHOD_POLICIES,
    kith_support::access::METHOD_POLICIES,
    kith_moderation::access::METHOD_POLICIES,
    kith_admin::access::METHOD_POLICIES,
    kith_screening::access::METHOD_POLICIES,
    kith_circles::access::METHOD_POLICIES,
    kith_progress::access::METHOD_POLICIES,
];

/// Quotas that slices check themselves.
const SLICE_QUOTAS: [&[MethodPolicy]; 1] = [kith_posts::post_quota::METHOD_POLICIES];

/// Policies of all RPC methods.
pub fn method_policies(quotas: QuotaMode) -> impl Iterator<Item = MethodPolicy> {
    METHOD_POLICIES.into_iter().flatten().map(move |policy| with_quota_mode(policy, quotas))
}

/// Policies that the rate limiter enforces.
pub(super) fn limited_policies(quotas: QuotaMode) -> impl Iterator<Item = MethodPolicy> {
    method_policies(quotas).chain(SLICE_QUOTAS.into_iter().flatten().map(move |policy| with_quota_mode(policy, quotas)))
}

const fn with_quota_mode(policy: &MethodPolicy, quotas: QuotaMode) -> MethodPolicy {
    match quotas {
        QuotaMode::Enforced => *policy,
        QuotaMode::Unlimited => MethodPolicy { quota: UNLIMITED, ..*policy },
    }
}

/// Services that the process calls directly, to create sample data.
pub struct Services {
    pub auth: Arc<kith_auth::Service>,
    pub posts: Arc<kith_posts::Service>,
    pub support: Arc<kith_support::Service>,
}

/// Assembles the slices. Event handlers run in the order of this list.
///
/// # Errors
/// If a key cannot be derived.
#[expect(clippy::too_many_lines, reason = "a list: one entry per slice")]
pub fn build(
    stores: &Stores,
    ports: &Ports,
    runtime: &RuntimeContext,
    settings: &Settings,
) -> Result<(Services, Vec<Module>)> {
    let RuntimeContext { clock, entropy, ring } = runtime;
    let (posts_service, posts) = kith_posts::module::module(kith_posts::module::ModuleDeps {
        store: stores.posts.clone(),
        blocks: ports.users.blocks.clone(),
        membership: ports.circles.membership.clone(),
        sessions: ports.auth.verifier.clone(),
        flags: ports.flags.clone(),
        screen: ports.screen.clone(),
        crisis_resources: ports.crisis_resources.clone(),
        replay_log: stores.replay_log.clone(),
        presenter: ports.posts.presenter.clone(),
        quota: post_quota(stores, settings.quotas),
        page_tokens: ports.page_tokens.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    let (auth_service, auth) = kith_auth::module::module(kith_auth::module::ModuleDeps {
        store: stores.auth.clone(),
        adapters: &ports.auth,
        accounts: ports.users.accounts.clone(),
        flags: ports.flags.clone(),
        encryption: ring.clone(),
        token_keys: ports.token_keys.clone(),
        refresh_seeds: &ring.derive("kith/auth/refresh"),
        page_tokens: ports.page_tokens.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    })?;
    let (_, users) = kith_users::module::module(kith_users::module::ModuleDeps {
        store: stores.users.clone(),
        credentials: ports.auth.credentials.clone(),
        membership: ports.circles.membership.clone(),
        page_tokens: ports.page_tokens.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    let (_, moderation) = kith_moderation::module::module(kith_moderation::module::ModuleDeps {
        store: stores.moderation.clone(),
        contents: ports.contents.clone(),
        circles: ports.circles.moderation.clone(),
        circle_lookup: ports.circles.lookup.clone(),
        membership: ports.circles.membership.clone(),
        personas: ports.users.personas.clone(),
        accounts: ports.users.accounts.clone(),
        mutes: ports.users.muting.clone(),
        blocks: ports.users.blocks.clone(),
        encryption: ring.clone(),
        page_tokens: ports.page_tokens.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    let (support_service, support) = kith_support::module::module(kith_support::module::ModuleDeps {
        store: stores.support.clone(),
        posts: ports.posts.lookup.clone(),
        blocks: ports.users.blocks.clone(),
        screen: ports.screen.clone(),
        crisis_resources: ports.crisis_resources.clone(),
        presenter: ports.support.presenter.clone(),
        page_tokens: ports.page_tokens.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    let circle_feed = kith_posts::rpc::CircleFeedAdapter {
        service: posts_service.clone(),
        presenter: ports.posts.presenter.clone(),
        page_tokens: ports.page_tokens.clone(),
    };
    let (_, circles) = kith_circles::module::module(kith_circles::module::ModuleDeps {
        store: stores.circles.clone(),
        persona_registry: ports.users.persona_registry.clone(),
        personas: ports.users.personas.clone(),
        blocks: ports.users.blocks.clone(),
        flags: ports.flags.clone(),
        feed: Arc::new(circle_feed),
        page_tokens: ports.page_tokens.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    let admin = kith_admin::module::module(kith_admin::module::ModuleDeps {
        store: stores.flags.clone(),
        flags: ports.flags.clone(),
        staff: ports.users.staff.clone(),
        accounts: ports.users.accounts.clone(),
        personas: ports.users.personas.clone(),
        audit: stores.audit.clone(),
        page_tokens: ports.page_tokens.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    let (_, progress) = kith_progress::module::module(kith_progress::module::ModuleDeps {
        store: stores.progress.clone(),
        encryption: ring.clone(),
        page_tokens: ports.page_tokens.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    let screening = kith_screening::module::module(kith_screening::module::ModuleDeps {
        store: stores.rules.clone(),
        screen: ports.rule_screen.clone(),
        contents: ports.contents.clone(),
        personas: ports.users.personas.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    let services = Services { auth: auth_service, posts: posts_service, support: support_service };
    Ok((services, vec![posts, auth, users, moderation, support, circles, admin, progress, screening]))
}

fn post_quota(stores: &Stores, quotas: QuotaMode) -> kith_posts::PostQuota {
    let quota = kith_posts::PostQuota::new(stores.rate_limiter.clone());
    match quotas {
        QuotaMode::Enforced => quota,
        QuotaMode::Unlimited => quota.with_quotas(UNLIMITED, UNLIMITED),
    }
}
