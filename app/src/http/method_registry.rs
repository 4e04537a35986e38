//! Registry of RPC methods: policy, streaming shape and side effects of every callable method.

use std::collections::HashMap;

use kith_kernel::{MethodPolicy, Quota, RequiredAccess};
use kith_proto::{Method, MethodShape};

/// Policies of the methods that belong to no slice.
pub const METHOD_POLICIES: &[MethodPolicy] = &[
    MethodPolicy::new("/grpc.health.v1.Health/Check", RequiredAccess::Public, Quota::per_minute(600)),
    MethodPolicy::new("/grpc.health.v1.Health/Watch", RequiredAccess::Public, Quota::per_minute(60)),
    MethodPolicy::new(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        RequiredAccess::Public,
        Quota::per_minute(60),
    ),
];

/// A registered method, as the layers find it in [`super::stack::RequestContext`].
#[derive(Debug, Clone, Copy)]
pub struct MatchedMethod {
    /// Required access and quota.
    pub policy: MethodPolicy,
    /// Number of messages in each direction.
    pub shape: MethodShape,
    /// True if the method has no side effects.
    pub is_safe: bool,
}

/// All callable methods by path. A method without a policy cannot be called.
#[derive(Debug)]
pub struct MethodRegistry(HashMap<&'static str, MatchedMethod>);

impl MethodRegistry {
    /// Joins the policies with the methods of the protos.
    ///
    /// # Errors
    /// [`UnknownMethod`] if a policy names a method that does not exist.
    pub fn new(methods: &[Method], policies: impl IntoIterator<Item = MethodPolicy>) -> Result<Self, UnknownMethod> {
        let mut registered = HashMap::new();
        for policy in policies {
            let method = methods.iter().find(|method| method.path == policy.path);
            let Method { shape, safe, .. } = *method.ok_or(UnknownMethod(policy.path))?;
            registered.insert(policy.path, MatchedMethod { policy, shape, is_safe: safe });
        }
        Ok(Self(registered))
    }

    /// Returns the policy of every method, in no particular order.
    pub fn policies(&self) -> impl Iterator<Item = MethodPolicy> {
        self.0.values().map(|method| method.policy)
    }

    pub(super) fn find(&self, path: &str) -> Option<MatchedMethod> {
        self.0.get(path).copied()
    }
}

/// A policy names a method that no proto defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("method policy for unknown method {0}")]
pub struct UnknownMethod(&'static str);
