//! What each caller is answered by each method: `ok`, or Connect's code.
//!
//! | file | holds |
//! | --- | --- |
//! | here | the rules, and what is about the caller |
//! | `content` | what people wrote, wherever it is |
//! | `circles` | circles |
//! | `staff` | reports, cases, and what only staff do |

mod circles;
mod content;
mod staff;

use std::pin::Pin;

use serde_json::{Value, json};

use crate::{
    caller::{
        Caller::{self, Admin, Expired, Forged, Refresh, Suspended},
        Place,
    },
    scene::Scene,
};

/// One method.
pub(crate) struct Row {
    pub(crate) path: &'static str,
    /// Where the thing is: it is asked for each.
    pub(crate) places: &'static [Place],
    /// What it is sent.
    pub(crate) body: Body,
    /// By whom.
    pub(crate) answer: Rule,
}

pub(crate) type Body = for<'a> fn(&'a Scene<'a>) -> Pin<Box<dyn Future<Output = Value> + 'a>>;

/// What a caller is answered about a thing in this place.
pub(crate) type Rule = fn(Caller, Place) -> &'static str;

pub(crate) const OK: &str = "ok";
const NO: &str = "permission_denied";
pub(crate) const NONE: &str = "not_found";
const WHO: &str = "unauthenticated";
const BAD: &str = "invalid_argument";
const NOT_NOW: &str = "failed_precondition";

const HERE: &[Place] = &[Place::Outside];
const EVERYWHERE: &[Place] = &[Place::Outside, Place::ByRequest, Place::Private];

/// Anybody, but for who brings a token that is none.
const ANYBODY: Rule = |caller, _| if matches!(caller, Forged | Expired | Refresh) { WHO } else { OK };
/// Every account, a suspended one too.
const ACCOUNTS: Rule = |caller, _| if caller.is_nobody() { WHO } else { OK };
/// Every account in good standing: it is about the caller alone.
pub(crate) const MEMBERS: Rule = |caller, _| known(caller).unwrap_or(OK);
/// Every account in good standing that is where the thing is, unless they and its owner do not see each other.
pub(crate) const VISIBLE: Rule = |caller, place| {
    let there = !place.is_circle() || caller.is_inside();
    known(caller).unwrap_or_else(|| if there && !caller.is_apart() { OK } else { NONE })
};
/// Its owner; who may see it is told that it is not theirs.
const OWNER: Rule = |caller, place| match VISIBLE(caller, place) {
    OK if !caller.is_owner() => NO,
    answer => answer,
};
/// Its owner; for all others it is not there.
const OWNER_ALONE: Rule = |caller, _| known(caller).unwrap_or_else(|| if caller.is_owner() { OK } else { NONE });
/// Who works the queue.
pub(crate) const STAFF: Rule = |caller, _| known(caller).unwrap_or_else(|| if caller.is_staff() { OK } else { NO });
/// Who gives roles.
const ADMINS: Rule = |caller, _| known(caller).unwrap_or_else(|| if caller == Admin { OK } else { NO });

/// What nobody in particular, and who may do nothing, is answered.
fn known(caller: Caller) -> Option<&'static str> {
    if caller.is_nobody() {
        return Some(WHO);
    }
    (caller == Suspended).then_some(NO)
}

/// All rows.
pub(crate) fn all() -> impl Iterator<Item = &'static Row> {
    [ROWS, content::ROWS, circles::ROWS, staff::ROWS].into_iter().flatten()
}

macro_rules! rows {
    ($($path:literal, $places:expr, $answer:expr, |$scene:pat_param| $body:expr;)+) => {
        pub(super) const ROWS: &[Row] = &[$(Row {
            path: $path,
            places: $places,
            body: |scene| Box::pin(async move {
                let $scene = scene;
                $body
            }),
            answer: $answer,
        }),+];
    };
}
use rows;

rows! {
    "/grpc.health.v1.Health/Check", HERE, ANYBODY, |_| json!({});
    "/grpc.health.v1.Health/Watch", HERE, ANYBODY, |_| json!({});
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", HERE, ANYBODY, |_| json!({ "listServices": "" });
    "/kith.auth.v1.AuthService/RegisterAnonymous", HERE, ANYBODY, |_| json!({});
    "/kith.auth.v1.AuthService/RegisterWithEmail", HERE, ANYBODY, |scene| scene.email();
    "/kith.auth.v1.AuthService/Login", HERE, ANYBODY, |scene| scene.login();
    "/kith.auth.v1.AuthService/LoginWithRecoveryCode", HERE, ANYBODY, |scene| json!({ "recoveryCode": scene.owner.code });
    "/kith.auth.v1.AuthService/RefreshToken", HERE, ANYBODY, |scene| json!({ "refreshToken": scene.owner.refresh });
    "/kith.auth.v1.AuthService/UpgradeAccount", HERE, ACCOUNTS, |scene| scene.email();
    "/kith.auth.v1.AuthService/Logout", HERE, ACCOUNTS, |_| json!({});
    "/kith.auth.v1.AuthService/ListSessions", HERE, ACCOUNTS, |_| json!({});
    "/kith.auth.v1.AuthService/RevokeSession", HERE, |caller, place| match ACCOUNTS(caller, place) {
        OK if !caller.is_owner() => NONE,
        answer => answer,
    }, |scene| json!({ "sessionId": scene.owner.session });
    "/kith.auth.v1.AuthService/CreateRealtimeTicket", HERE, MEMBERS, |_| json!({});
    "/kith.users.v1.UserService/GetMe", HERE, ACCOUNTS, |_| json!({});
    "/kith.users.v1.UserService/GetProfile", HERE, VISIBLE, |scene| json!({ "personaId": scene.owner.persona });
    "/kith.users.v1.UserService/UpdateProfile", HERE, MEMBERS,
        |scene| json!({ "etag": scene.own_etag().await, "avatar": 5 });
    "/kith.users.v1.UserService/BlockUser", HERE, |caller, place| {
        if caller.is_owner() { BAD } else { MEMBERS(caller, place) }
    }, |scene| json!({ "personaId": scene.owner.persona });
    "/kith.users.v1.UserService/UnblockUser", HERE, MEMBERS, |scene| json!({ "personaId": scene.owner.persona });
    "/kith.users.v1.UserService/ListBlocks", HERE, MEMBERS, |_| json!({});
    "/kith.users.v1.UserService/GetPrivacySettings", HERE, MEMBERS, |_| json!({});
    "/kith.users.v1.UserService/UpdatePrivacySettings", HERE, MEMBERS,
        |scene| json!({ "etag": scene.privacy_etag().await, "showBadges": false });
    "/kith.users.v1.ProgressService/GetStreak", HERE, MEMBERS, |_| json!({});
    "/kith.users.v1.ProgressService/UpdateStreak", HERE, MEMBERS,
        |scene| json!({ "etag": scene.streak_etag().await, "timeZone": "Europe/Oslo" });
    "/kith.users.v1.ProgressService/RecordCheckIn", HERE, MEMBERS, |_| json!({ "mood": 5 });
    "/kith.users.v1.ProgressService/RecordRelapse", HERE, MEMBERS, |_| json!({});
    "/kith.users.v1.ProgressService/WithdrawRelapse", HERE, OWNER_ALONE,
        |scene| json!({ "relapseId": scene.relapse().await });
    "/kith.users.v1.ProgressService/GetProgress", HERE, MEMBERS, |_| json!({});
}
