//! Enforces the required access of each method. A method without a policy does not exist for callers.
//!
//! It precedes the rate limit, so that callers without access do not use up a quota.

use axum::{http::StatusCode, response::Response};
use kith_kernel::{AccountStatus, Actor, ErrorKind, RequiredAccess, actor::Role};
use kith_proto::ErrorResponse;

use super::{
    authenticate::unauthenticated,
    stack::{InnerHandler, Layer, Next, RequestContext},
};

/// Responds with an error unless the caller's role and account status satisfy
/// [`MatchedMethod::policy`](super::method_registry::MatchedMethod::policy).
pub struct AuthorizationLayer;

impl Layer for AuthorizationLayer {
    async fn handle(&self, context: Box<RequestContext>, next: &Next<impl InnerHandler>) -> Response {
        let form = context.form;
        let Some(method) = &context.method else {
            let error = ErrorResponse::new(ErrorKind::Unimplemented, "METHOD_NOT_FOUND", "method not found");
            return form.error_response_with_status(StatusCode::NOT_FOUND, error);
        };
        match decide(method.policy.access, context.actor.as_ref()) {
            AccessDecision::Allowed => next.run(context).await,
            AccessDecision::Unauthenticated => unauthenticated(form),
            AccessDecision::Suspended => form.error_response(ErrorResponse::new(
                ErrorKind::PermissionDenied,
                "ACCOUNT_SUSPENDED",
                "account is suspended",
            )),
            AccessDecision::Muted => form.error_response(ErrorResponse::new(
                ErrorKind::PermissionDenied,
                "ACCOUNT_MUTED",
                "account is muted; it can only post an SOS",
            )),
            AccessDecision::InsufficientRole => form.error_response(ErrorResponse::new(
                ErrorKind::PermissionDenied,
                "INSUFFICIENT_ROLE",
                "insufficient role",
            )),
        }
    }
}

/// Result of comparing a policy with a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AccessDecision {
    Allowed,
    /// The method needs an account and the caller is anonymous.
    Unauthenticated,
    Suspended,
    /// The account can read, and the method publishes content.
    Muted,
    InsufficientRole,
}

fn decide(access: RequiredAccess, actor: Option<&Actor>) -> AccessDecision {
    let Some(Actor { role, status, .. }) = actor else {
        return if access == RequiredAccess::Public {
            AccessDecision::Allowed
        } else {
            AccessDecision::Unauthenticated
        };
    };
    match (access, status, role) {
        (
            RequiredAccess::Member | RequiredAccess::ActiveMember | RequiredAccess::Moderator | RequiredAccess::Admin,
            AccountStatus::Suspended,
            _,
        ) => AccessDecision::Suspended,
        (RequiredAccess::ActiveMember, AccountStatus::Muted, _) => AccessDecision::Muted,
        (RequiredAccess::Public | RequiredAccess::Account, _, _)
        | (RequiredAccess::Member, AccountStatus::Active | AccountStatus::Muted, _)
        | (RequiredAccess::ActiveMember, AccountStatus::Active, _)
        | (RequiredAccess::Moderator, AccountStatus::Active | AccountStatus::Muted, Role::Moderator | Role::Admin)
        | (RequiredAccess::Admin, AccountStatus::Active | AccountStatus::Muted, Role::Admin) => AccessDecision::Allowed,
        (RequiredAccess::Moderator, AccountStatus::Active | AccountStatus::Muted, Role::Member)
        | (RequiredAccess::Admin, AccountStatus::Active | AccountStatus::Muted, Role::Member | Role::Moderator) => {
            AccessDecision::InsufficientRole
        }
    }
}
