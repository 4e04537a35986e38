//! Reports, cases, and what only staff do.

use serde_json::{Value, json};

use super::{ACCOUNTS, ADMINS, BAD, EVERYWHERE, HERE, NONE, OK, Row, Rule, STAFF, VISIBLE, rows};
use crate::caller::{
    Caller::{Concerned, Keeping, Reporting},
    Place,
};

/// A case is about something in public, or in a circle.
const CASES: &[Place] = &[Place::Outside, Place::Private];

/// Staff whom the case does not concern; for staff whom it does, it is not there.
const DISINTERESTED: Rule = |caller, place| match STAFF(caller, place) {
    OK if matches!(caller, Reporting | Concerned) || (caller == Keeping && place.is_circle()) => NONE,
    answer => answer,
};

fn rule() -> Value {
    let kinds = ["RULE_KIND_POST"];
    let (detector, action) = ("RULE_DETECTOR_SCAM", "RULE_ACTION_SHADOW");
    json!({ "name": "gold", "detector": detector, "threshold": 90, "kinds": kinds, "action": action, "words": ["gold bars"] })
}

rows! {
    "/kith.moderation.v1.ModerationService/ReportContent", EVERYWHERE, |caller, place| {
        if caller.is_owner() { BAD } else { VISIBLE(caller, place) }
    }, |scene| json!({ "kind": "SUBJECT_KIND_POST", "subjectId": scene.post, "reason": "REASON_OTHER" });
    "/kith.moderation.v1.ModerationService/ListMyReports", HERE, ACCOUNTS, |_| json!({});
    "/kith.moderation.v1.ModerationService/GetMyStanding", HERE, ACCOUNTS, |_| json!({});
    "/kith.moderation.v1.ModerationService/AppealDecision", CASES, |caller, place| match ACCOUNTS(caller, place) {
        OK if !caller.is_owner() => NONE,
        answer => answer,
    }, |scene| json!({ "decisionId": scene.decision().await, "reason": "it was a quote" });

    "/kith.moderation.v1.ModerationService/ListCases", HERE, STAFF, |_| json!({});
    "/kith.moderation.v1.ModerationService/GetCase", CASES, DISINTERESTED,
        |scene| json!({ "caseId": scene.case().await["id"] });
    "/kith.moderation.v1.ModerationService/AssignCase", CASES, DISINTERESTED,
        |scene| json!({ "caseId": scene.case().await["id"] });
    "/kith.moderation.v1.ModerationService/EscalateCase", CASES, DISINTERESTED, |scene| {
        let case = scene.case().await;
        json!({ "caseId": case["id"], "etag": case["etag"] })
    };
    "/kith.moderation.v1.ModerationService/DecideCase", CASES, DISINTERESTED, |scene| {
        let case = scene.taken_case().await;
        json!({ "caseId": case["id"], "etag": case["etag"], "action": "ACTION_DISMISS" })
    };
    "/kith.moderation.v1.ModerationService/GetSubjectHistory", CASES, DISINTERESTED,
        |scene| json!({ "caseId": scene.case().await["id"] });
    "/kith.moderation.v1.ModerationService/GetModerationStats", HERE, STAFF, |_| json!({});
    "/kith.screening.v1.ScreeningService/ListRules", HERE, STAFF, |_| json!({});
    "/kith.screening.v1.ScreeningService/PutRule", HERE, ADMINS,
        |scene| json!({ "rule": rule(), "etag": scene.rules_etag().await });
    "/kith.screening.v1.ScreeningService/TryRule", HERE, STAFF, |_| json!({ "rule": rule() });
    "/kith.admin.v1.AdminService/ListAuditLog", HERE, ADMINS, |_| json!({});

    "/kith.admin.v1.AdminService/GrantRole", HERE, ADMINS,
        |scene| json!({ "personaId": scene.helper().await.persona, "role": "STAFF_ROLE_MODERATOR" });
    "/kith.admin.v1.AdminService/RevokeRole", HERE, ADMINS,
        |scene| json!({ "personaId": scene.helped_staff().await });
    "/kith.admin.v1.AdminService/ListStaff", HERE, ADMINS, |_| json!({});
    "/kith.admin.v1.AdminService/ListFlags", HERE, ADMINS, |_| json!({});
    "/kith.admin.v1.AdminService/ListMyFlags", HERE, ACCOUNTS, |_| json!({});
    "/kith.admin.v1.AdminService/PutFlag", HERE, ADMINS,
        |scene| json!({ "name": format!("of-{}", scene.post), "percent": 5 });
}
