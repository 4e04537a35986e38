//! Required access and quotas of all RPC methods, and the quotas that slices check themselves.

use kith_kernel::{MethodPolicy, Quota};

use super::settings::QuotaMode;
use crate::http::method_registry;

/// Quota for [`QuotaMode::Unlimited`].
pub(super) const UNLIMITED: Quota = Quota::per_minute(u32::MAX);

/// All policies that the rate limiter enforces: RPC methods, and quotas that slices check themselves.
pub(super) fn limited_policies(quotas: QuotaMode) -> impl Iterator<Item = MethodPolicy> {
    method_policies(quotas)
        .chain(kith_posts::post_quota::METHOD_POLICIES.iter().map(move |policy| with_quota_mode(policy, quotas)))
}

/// Method policies of all slices.
pub fn method_policies(quotas: QuotaMode) -> impl Iterator<Item = MethodPolicy> {
    let tables = [
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
    tables.into_iter().flatten().map(move |policy| with_quota_mode(policy, quotas))
}

const fn with_quota_mode(policy: &MethodPolicy, quotas: QuotaMode) -> MethodPolicy {
    match quotas {
        QuotaMode::Enforced => *policy,
        QuotaMode::Unlimited => MethodPolicy { quota: UNLIMITED, ..*policy },
    }
}
