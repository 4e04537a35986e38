//! Expected result of each method for each caller: `ok`, or the Connect code of the error.
//!
//! | file | contents |
//! | --- | --- |
//! | here | rules, and methods about the caller's own account |
//! | `content` | posts and responses |
//! | `circles` | circles |
//! | `staff` | reports, cases and staff methods |

mod circles;
mod content;
mod staff;

use std::pin::Pin;

use kith_proto::{METHODS, Method};
use serde_json::{Value, json};

use crate::{
    caller::{
        Caller::{self, Admin, ExpiredToken, ForgedToken, RefreshToken, Suspended},
        Location,
    },
    scenario::Scenario,
};

/// Row of the matrix: a method and its expected results.
pub(crate) struct Row {
    pub(crate) path: &'static str,
    /// Locations of the content for which the method is called.
    pub(crate) locations: &'static [Location],
    /// Request body. Building it must not change the result of other rows.
    pub(crate) body: Body,
    pub(crate) expected: Rule,
}

impl Row {
    pub(crate) fn method(&self) -> &'static Method {
        METHODS.iter().find(|method| method.path == self.path).unwrap()
    }
}

pub(crate) type Body = for<'a> fn(&'a Scenario<'a>) -> Pin<Box<dyn Future<Output = Value> + 'a>>;

/// Expected result for a caller and a location of the content.
pub(crate) type Rule = fn(Caller, Location) -> &'static str;

pub(crate) const OK: &str = "ok";
pub(crate) const PERMISSION_DENIED: &str = "permission_denied";
pub(crate) const NOT_FOUND: &str = "not_found";
pub(crate) const UNAUTHENTICATED: &str = "unauthenticated";
const INVALID_ARGUMENT: &str = "invalid_argument";
const FAILED_PRECONDITION: &str = "failed_precondition";

const PUBLIC: &[Location] = &[Location::Public];
const EVERYWHERE: &[Location] = &Location::ALL;

/// All callers, except those with an invalid token.
const ANY_CALLER: Rule =
    |caller, _| if matches!(caller, ForgedToken | ExpiredToken | RefreshToken) { UNAUTHENTICATED } else { OK };
/// All accounts, including suspended ones.
const ACCOUNTS: Rule = |caller, _| if caller.is_unauthenticated() { UNAUTHENTICATED } else { OK };
/// All accounts that are not suspended.
pub(crate) const ACTIVE_ACCOUNTS: Rule = |caller, _| rejected(caller).unwrap_or(OK);
/// Accounts that can see the content: not suspended, member of its circle, no block with the owner.
pub(crate) const VIEWERS: Rule = |caller, location| {
    let has_access = !location.is_circle() || caller.is_member();
    rejected(caller).unwrap_or_else(|| if has_access && !caller.has_block_with_owner() { OK } else { NOT_FOUND })
};
/// The owner. Other accounts that can see the content get `permission_denied`.
const OWNER: Rule = |caller, location| match VIEWERS(caller, location) {
    OK if !caller.is_owner() => PERMISSION_DENIED,
    result => result,
};
/// The owner. Other accounts get `not_found`.
const OWNER_ONLY: Rule = |caller, _| rejected(caller).unwrap_or_else(|| if caller.is_owner() { OK } else { NOT_FOUND });
/// Moderators and admins.
pub(crate) const STAFF: Rule =
    |caller, _| rejected(caller).unwrap_or_else(|| if caller.is_staff() { OK } else { PERMISSION_DENIED });
/// Admins.
const ADMINS: Rule =
    |caller, _| rejected(caller).unwrap_or_else(|| if caller == Admin { OK } else { PERMISSION_DENIED });

/// Result for unauthenticated callers and suspended accounts.
fn rejected(caller: Caller) -> Option<&'static str> {
    if caller.is_unauthenticated() {
        return Some(UNAUTHENTICATED);
    }
    (caller == Suspended).then_some(PERMISSION_DENIED)
}

pub(crate) fn all() -> impl Iterator<Item = &'static Row> {
    [ROWS, content::ROWS, circles::ROWS, staff::ROWS].into_iter().flatten()
}

macro_rules! rows {
    ($($path:literal, $locations:expr, $expected:expr, |$scenario:pat_param| $body:expr;)+) => {
        pub(super) const ROWS: &[Row] = &[$(Row {
            path: $path,
            locations: $locations,
            body: |scenario| Box::pin(async move {
                let $scenario = scenario;
                $body
            }),
            expected: $expected,
        }),+];
    };
}
use rows;

rows! {
    "/grpc.health.v1.Health/Check", PUBLIC, ANY_CALLER, |_| json!({});
    "/grpc.health.v1.Health/Watch", PUBLIC, ANY_CALLER, |_| json!({});
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", PUBLIC, ANY_CALLER, |_| json!({ "listServices": "" });
    "/kith.auth.v1.AuthService/RegisterAnonymous", PUBLIC, ANY_CALLER, |_| json!({});
    "/kith.auth.v1.AuthService/RegisterWithEmail", PUBLIC, ANY_CALLER, |scenario| scenario.new_credentials();
    "/kith.auth.v1.AuthService/Login", PUBLIC, ANY_CALLER, |scenario| scenario.credentials();
    "/kith.auth.v1.AuthService/LoginWithRecoveryCode", PUBLIC, ANY_CALLER, |scenario| json!({ "recoveryCode": scenario.owner.recovery_code });
    "/kith.auth.v1.AuthService/RefreshToken", PUBLIC, ANY_CALLER, |scenario| json!({ "refreshToken": scenario.owner.refresh });
    "/kith.auth.v1.AuthService/UpgradeAccount", PUBLIC, ACCOUNTS, |scenario| scenario.new_credentials();
    "/kith.auth.v1.AuthService/Logout", PUBLIC, ACCOUNTS, |_| json!({});
    "/kith.auth.v1.AuthService/ListSessions", PUBLIC, ACCOUNTS, |_| json!({});
    "/kith.auth.v1.AuthService/RevokeSession", PUBLIC, |caller, location| match ACCOUNTS(caller, location) {
        OK if !caller.is_owner() => NOT_FOUND,
        result => result,
    }, |scenario| json!({ "sessionId": scenario.owner.session });
    "/kith.auth.v1.AuthService/CreateRealtimeTicket", PUBLIC, ACTIVE_ACCOUNTS, |_| json!({});
    "/kith.users.v1.UserService/GetMe", PUBLIC, ACCOUNTS, |_| json!({});
    "/kith.users.v1.UserService/GetProfile", PUBLIC, VIEWERS, |scenario| json!({ "personaId": scenario.owner.persona });
    "/kith.users.v1.UserService/UpdateProfile", PUBLIC, ACTIVE_ACCOUNTS,
        |scenario| json!({ "etag": scenario.profile_etag().await, "avatar": 5 });
    "/kith.users.v1.UserService/BlockUser", PUBLIC, |caller, location| {
        if caller.is_owner() { INVALID_ARGUMENT } else { ACTIVE_ACCOUNTS(caller, location) }
    }, |scenario| json!({ "personaId": scenario.owner.persona });
    "/kith.users.v1.UserService/UnblockUser", PUBLIC, ACTIVE_ACCOUNTS, |scenario| json!({ "personaId": scenario.owner.persona });
    "/kith.users.v1.UserService/ListBlocks", PUBLIC, ACTIVE_ACCOUNTS, |_| json!({});
    "/kith.users.v1.UserService/GetPrivacySettings", PUBLIC, ACTIVE_ACCOUNTS, |_| json!({});
    "/kith.users.v1.UserService/UpdatePrivacySettings", PUBLIC, ACTIVE_ACCOUNTS,
        |scenario| json!({ "etag": scenario.privacy_etag().await, "showBadges": false });
    "/kith.users.v1.ProgressService/GetStreak", PUBLIC, ACTIVE_ACCOUNTS, |_| json!({});
    "/kith.users.v1.ProgressService/UpdateStreak", PUBLIC, ACTIVE_ACCOUNTS,
        |scenario| json!({ "etag": scenario.streak_etag().await, "timeZone": "Europe/Oslo" });
    "/kith.users.v1.ProgressService/RecordCheckIn", PUBLIC, ACTIVE_ACCOUNTS, |_| json!({ "mood": 5 });
    "/kith.users.v1.ProgressService/RecordRelapse", PUBLIC, ACTIVE_ACCOUNTS, |_| json!({});
    "/kith.users.v1.ProgressService/WithdrawRelapse", PUBLIC, OWNER_ONLY,
        |scenario| json!({ "relapseId": scenario.relapse().await });
    "/kith.users.v1.ProgressService/GetProgress", PUBLIC, ACTIVE_ACCOUNTS, |_| json!({});
}
