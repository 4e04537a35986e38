//! Methods about listed circles and private circles.

use serde_json::json;

use super::{
    ACTIVE_ACCOUNTS, FAILED_PRECONDITION, NOT_FOUND, OK, PERMISSION_DENIED, PUBLIC, Row, Rule, rejected, rows,
};
use crate::caller::{
    Caller::{self, Banned},
    Location,
};

const CIRCLES: &[Location] = &[Location::ByRequestCircle, Location::PrivateCircle];
const BY_REQUEST: &[Location] = &[Location::ByRequestCircle];

/// Accounts that can find the circle.
const FINDERS: Rule = |caller, location| hidden(caller, location).unwrap_or(OK);
const CIRCLE_MEMBERS: Rule = |caller, location| {
    hidden(caller, location).unwrap_or_else(|| if caller.is_member() { OK } else { PERMISSION_DENIED })
};
const KEEPERS: Rule = |caller, location| {
    hidden(caller, location).unwrap_or_else(|| if caller.is_keeper() { OK } else { PERMISSION_DENIED })
};
const OWNERS: Rule = |caller, location| {
    hidden(caller, location).unwrap_or_else(|| if caller.is_owner() { OK } else { PERMISSION_DENIED })
};
/// Accounts that are not banned. All callers send a valid invite code.
const INVITE_HOLDERS: Rule =
    |caller, _| rejected(caller).unwrap_or_else(|| if caller == Banned { NOT_FOUND } else { OK });

/// Result for callers from whom the circle is hidden.
fn hidden(caller: Caller, location: Location) -> Option<&'static str> {
    let is_hidden = caller == Banned || (location == Location::PrivateCircle && !caller.is_member());
    rejected(caller).or_else(|| is_hidden.then_some(NOT_FOUND))
}

rows! {
    "/kith.circles.v1.CircleService/CreateCircle", PUBLIC, ACTIVE_ACCOUNTS,
        |_| json!({ "name": "early risers", "category": "sleep", "access": "CIRCLE_ACCESS_OPEN", "maxMembers": 10 });
    "/kith.circles.v1.CircleService/ListCircles", PUBLIC, ACTIVE_ACCOUNTS, |_| json!({ "scope": "CIRCLE_SCOPE_PUBLIC" });
    "/kith.circles.v1.CircleService/GetCircle", CIRCLES, FINDERS, |scenario| scenario.circle_request(json!({}));
    "/kith.circles.v1.CircleService/UpdateCircle", CIRCLES, OWNERS,
        |scenario| scenario.circle_request(json!({ "etag": "1", "about": "dawn" }));
    "/kith.circles.v1.CircleService/ArchiveCircle", CIRCLES, OWNERS, |scenario| scenario.circle_request(json!({}));
    "/kith.circles.v1.CircleService/JoinCircle", CIRCLES, FINDERS, |scenario| scenario.circle_request(json!({}));
    "/kith.circles.v1.CircleService/LeaveCircle", CIRCLES, |caller, location| match FINDERS(caller, location) {
        OK if caller.is_owner() => FAILED_PRECONDITION,
        result => result,
    }, |scenario| scenario.circle_request(json!({}));
    "/kith.circles.v1.CircleService/ListCircleMembers", CIRCLES, CIRCLE_MEMBERS, |scenario| scenario.circle_request(json!({}));
    "/kith.circles.v1.CircleService/UpdateMemberRole", CIRCLES, OWNERS,
        |scenario| scenario.circle_request(json!({ "personaId": scenario.circle().helper_persona, "role": "CIRCLE_ROLE_KEEPER" }));
    "/kith.circles.v1.CircleService/RemoveMember", CIRCLES, KEEPERS,
        |scenario| scenario.circle_request(json!({ "personaId": scenario.circle().helper_persona }));
    "/kith.circles.v1.CircleService/BanMember", CIRCLES, KEEPERS,
        |scenario| scenario.circle_request(json!({ "personaId": scenario.circle().helper_persona }));
    "/kith.circles.v1.CircleService/UnbanMember", CIRCLES, KEEPERS,
        |scenario| scenario.circle_request(json!({ "personaId": scenario.circle().helper_persona }));
    "/kith.circles.v1.CircleService/ListJoinRequests", CIRCLES, KEEPERS, |scenario| scenario.circle_request(json!({}));
    "/kith.circles.v1.CircleService/DecideJoinRequest", BY_REQUEST, KEEPERS, |scenario| {
        let applicant = scenario.applicant().await;
        scenario.circle_request(json!({ "personaId": applicant, "decision": "JOIN_DECISION_ADMIT" }))
    };
    "/kith.circles.v1.CircleService/CreateInvite", CIRCLES, KEEPERS, |scenario| scenario.circle_request(json!({}));
    "/kith.circles.v1.CircleService/ListInvites", CIRCLES, KEEPERS, |scenario| scenario.circle_request(json!({}));
    "/kith.circles.v1.CircleService/RevokeInvite", CIRCLES, KEEPERS,
        |scenario| scenario.circle_request(json!({ "inviteId": scenario.post }));
    "/kith.circles.v1.CircleService/AcceptInvite", CIRCLES, INVITE_HOLDERS, |scenario| json!({ "code": scenario.circle().invite_code });
    "/kith.circles.v1.CircleService/ListCircleLog", CIRCLES, KEEPERS, |scenario| scenario.circle_request(json!({}));
    "/kith.circles.v1.CircleService/GetCircleFeed", CIRCLES, CIRCLE_MEMBERS, |scenario| scenario.circle_request(json!({}));
}
