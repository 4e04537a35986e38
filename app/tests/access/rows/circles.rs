//! Circles: what is asked of one that everybody can find, and of a private one.

use serde_json::json;

use super::{HERE, MEMBERS, NO, NONE, NOT_NOW, OK, Row, Rule, known, rows};
use crate::caller::{
    Caller::{self, Banned},
    Place,
};

const CIRCLES: &[Place] = &[Place::ByRequest, Place::Private];
const BY_REQUEST: &[Place] = &[Place::ByRequest];

/// Whoever can find it.
const ANYBODY: Rule = |caller, place| found(caller, place).unwrap_or(OK);
/// Who is in it.
const INSIDE: Rule = |caller, place| found(caller, place).unwrap_or(if caller.is_inside() { OK } else { NO });
/// Who keeps it.
const KEEPERS: Rule = |caller, place| found(caller, place).unwrap_or(if caller.is_keeper() { OK } else { NO });
/// Whose it is.
const OWNERS: Rule = |caller, place| found(caller, place).unwrap_or(if caller.is_owner() { OK } else { NO });
/// Who holds a code, which all of them send here.
const CODE: Rule = |caller, _| known(caller).unwrap_or(if caller == Banned { NONE } else { OK });

/// What is answered where the circle is not to be known of.
fn found(caller: Caller, place: Place) -> Option<&'static str> {
    let is_hidden = caller == Banned || (place == Place::Private && !caller.is_inside());
    known(caller).or(is_hidden.then_some(NONE))
}

rows! {
    "/kith.circles.v1.CircleService/CreateCircle", HERE, MEMBERS,
        |_| json!({ "name": "early risers", "category": "sleep", "access": "CIRCLE_ACCESS_OPEN", "maxMembers": 10 });
    "/kith.circles.v1.CircleService/ListCircles", HERE, MEMBERS, |_| json!({ "scope": "CIRCLE_SCOPE_PUBLIC" });
    "/kith.circles.v1.CircleService/GetCircle", CIRCLES, ANYBODY, |scene| scene.of_circle(json!({}));
    "/kith.circles.v1.CircleService/UpdateCircle", CIRCLES, OWNERS,
        |scene| scene.of_circle(json!({ "etag": "1", "about": "dawn" }));
    "/kith.circles.v1.CircleService/ArchiveCircle", CIRCLES, OWNERS, |scene| scene.of_circle(json!({}));
    "/kith.circles.v1.CircleService/JoinCircle", CIRCLES, ANYBODY, |scene| scene.of_circle(json!({}));
    "/kith.circles.v1.CircleService/LeaveCircle", CIRCLES, |caller, place| match ANYBODY(caller, place) {
        OK if caller.is_owner() => NOT_NOW,
        answer => answer,
    }, |scene| scene.of_circle(json!({}));
    "/kith.circles.v1.CircleService/ListCircleMembers", CIRCLES, INSIDE, |scene| scene.of_circle(json!({}));
    "/kith.circles.v1.CircleService/UpdateMemberRole", CIRCLES, OWNERS,
        |scene| scene.of_circle(json!({ "personaId": scene.circle().helper, "role": "CIRCLE_ROLE_KEEPER" }));
    "/kith.circles.v1.CircleService/RemoveMember", CIRCLES, KEEPERS,
        |scene| scene.of_circle(json!({ "personaId": scene.circle().helper }));
    "/kith.circles.v1.CircleService/BanMember", CIRCLES, KEEPERS,
        |scene| scene.of_circle(json!({ "personaId": scene.circle().helper }));
    "/kith.circles.v1.CircleService/UnbanMember", CIRCLES, KEEPERS,
        |scene| scene.of_circle(json!({ "personaId": scene.circle().helper }));
    "/kith.circles.v1.CircleService/ListJoinRequests", CIRCLES, KEEPERS, |scene| scene.of_circle(json!({}));
    "/kith.circles.v1.CircleService/DecideJoinRequest", BY_REQUEST, KEEPERS, |scene| {
        let asker = scene.asker().await;
        scene.of_circle(json!({ "personaId": asker, "decision": "JOIN_DECISION_ADMIT" }))
    };
    "/kith.circles.v1.CircleService/CreateInvite", CIRCLES, KEEPERS, |scene| scene.of_circle(json!({}));
    "/kith.circles.v1.CircleService/ListInvites", CIRCLES, KEEPERS, |scene| scene.of_circle(json!({}));
    "/kith.circles.v1.CircleService/RevokeInvite", CIRCLES, KEEPERS,
        |scene| scene.of_circle(json!({ "inviteId": scene.post }));
    "/kith.circles.v1.CircleService/AcceptInvite", CIRCLES, CODE, |scene| json!({ "code": scene.circle().code });
    "/kith.circles.v1.CircleService/ListCircleLog", CIRCLES, KEEPERS, |scene| scene.of_circle(json!({}));
    "/kith.circles.v1.CircleService/GetCircleFeed", CIRCLES, INSIDE, |scene| scene.of_circle(json!({}));
}
