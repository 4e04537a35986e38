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
const SLICE_QUOTAS: [&[MethodPolicy]; 1] = [kith_posts::post_quota::QUOTAS];

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
pub fn build(
    stores: &Stores,
    ports: &Ports,
    runtime: &RuntimeContext,
    settings: &Settings,
) -> Result<(Services, Vec<Module>)> {
    let assembly = Assembly { stores, ports, runtime, settings };
    let (posts_service, posts) = assembly.posts();
    let (auth_service, auth) = assembly.auth()?;
    let (support_service, support) = assembly.support();
    let circles = assembly.circles(&posts_service);
    let modules = vec![
        posts,
        auth,
        assembly.users(),
        assembly.moderation(),
        support,
        circles,
        assembly.admin(),
        assembly.progress(),
        assembly.screening(),
    ];
    Ok((Services { auth: auth_service, posts: posts_service, support: support_service }, modules))
}

/// Dependencies of the modules.
#[derive(Clone, Copy)]
struct Assembly<'a> {
    stores: &'a Stores,
    ports: &'a Ports,
    runtime: &'a RuntimeContext,
    settings: &'a Settings,
}

impl Assembly<'_> {
    fn posts(self) -> (Arc<kith_posts::Service>, Module) {
        let RuntimeContext { clock, entropy, .. } = self.runtime;
        kith_posts::module::module(kith_posts::module::ModuleDeps {
            store: self.stores.posts.clone(),
            blocks: self.ports.users.blocks.clone(),
            membership: self.ports.circles.membership.clone(),
            sessions: self.ports.auth.verifier.clone(),
            flags: self.ports.flags.clone(),
            screen: self.ports.screen.clone(),
            crisis_resources: self.ports.crisis_resources.clone(),
            replay_log: self.stores.replay_log.clone(),
            presenter: self.ports.posts.presenter.clone(),
            quota: post_quota(self.stores, self.settings.quotas),
            page_tokens: self.ports.page_tokens.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        })
    }

    fn auth(self) -> Result<(Arc<kith_auth::Service>, Module)> {
        let RuntimeContext { clock, entropy, ring } = self.runtime;
        let module = kith_auth::module::module(kith_auth::module::ModuleDeps {
            store: self.stores.auth.clone(),
            adapters: &self.ports.auth,
            accounts: self.ports.users.accounts.clone(),
            flags: self.ports.flags.clone(),
            encryption: ring.clone(),
            token_keys: self.ports.token_keys.clone(),
            refresh_seeds: &ring.derive("kith/auth/refresh"),
            page_tokens: self.ports.page_tokens.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        })?;
        Ok(module)
    }

    fn users(self) -> Module {
        let RuntimeContext { clock, entropy, .. } = self.runtime;
        kith_users::module::module(kith_users::module::ModuleDeps {
            store: self.stores.users.clone(),
            credentials: self.ports.auth.credentials.clone(),
            membership: self.ports.circles.membership.clone(),
            page_tokens: self.ports.page_tokens.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        })
        .1
    }

    fn moderation(self) -> Module {
        let RuntimeContext { clock, entropy, ring } = self.runtime;
        kith_moderation::module::module(kith_moderation::module::ModuleDeps {
            store: self.stores.moderation.clone(),
            contents: self.ports.contents.clone(),
            circles: self.ports.circles.moderation.clone(),
            circle_lookup: self.ports.circles.lookup.clone(),
            membership: self.ports.circles.membership.clone(),
            personas: self.ports.users.personas.clone(),
            accounts: self.ports.users.accounts.clone(),
            mutes: self.ports.users.muting.clone(),
            blocks: self.ports.users.blocks.clone(),
            encryption: ring.clone(),
            page_tokens: self.ports.page_tokens.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        })
        .1
    }

    fn support(self) -> (Arc<kith_support::Service>, Module) {
        let RuntimeContext { clock, entropy, .. } = self.runtime;
        kith_support::module::module(kith_support::module::ModuleDeps {
            store: self.stores.support.clone(),
            posts: self.ports.posts.lookup.clone(),
            blocks: self.ports.users.blocks.clone(),
            screen: self.ports.screen.clone(),
            crisis_resources: self.ports.crisis_resources.clone(),
            presenter: self.ports.support.presenter.clone(),
            page_tokens: self.ports.page_tokens.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        })
    }

    fn circles(self, posts: &Arc<kith_posts::Service>) -> Module {
        let RuntimeContext { clock, entropy, .. } = self.runtime;
        let feed = kith_posts::rpc::CircleFeedAdapter {
            service: posts.clone(),
            presenter: self.ports.posts.presenter.clone(),
            page_tokens: self.ports.page_tokens.clone(),
        };
        kith_circles::module::module(kith_circles::module::ModuleDeps {
            store: self.stores.circles.clone(),
            persona_registry: self.ports.users.persona_registry.clone(),
            personas: self.ports.users.personas.clone(),
            blocks: self.ports.users.blocks.clone(),
            flags: self.ports.flags.clone(),
            feed: Arc::new(feed),
            page_tokens: self.ports.page_tokens.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        })
        .1
    }

    fn admin(self) -> Module {
        let RuntimeContext { clock, entropy, .. } = self.runtime;
        kith_admin::module::module(kith_admin::module::ModuleDeps {
            store: self.stores.flags.clone(),
            flags: self.ports.flags.clone(),
            staff: self.ports.users.staff.clone(),
            accounts: self.ports.users.accounts.clone(),
            personas: self.ports.users.personas.clone(),
            audit: self.stores.audit.clone(),
            page_tokens: self.ports.page_tokens.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        })
    }

    fn progress(self) -> Module {
        let RuntimeContext { clock, entropy, ring } = self.runtime;
        kith_progress::module::module(kith_progress::module::ModuleDeps {
            store: self.stores.progress.clone(),
            encryption: ring.clone(),
            page_tokens: self.ports.page_tokens.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        })
        .1
    }

    fn screening(self) -> Module {
        let RuntimeContext { clock, entropy, .. } = self.runtime;
        kith_screening::module::module(kith_screening::module::ModuleDeps {
            store: self.stores.rules.clone(),
            screen: self.ports.rule_screen.clone(),
            contents: self.ports.contents.clone(),
            personas: self.ports.users.personas.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        })
    }
}

fn post_quota(stores: &Stores, quotas: QuotaMode) -> kith_posts::PostQuota {
    let quota = kith_posts::PostQuota::new(stores.rate_limiter.clone());
    match quotas {
        QuotaMode::Enforced => quota,
        QuotaMode::Unlimited => quota.with_quotas(UNLIMITED, UNLIMITED),
    }
}
