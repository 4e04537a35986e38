//! Reports, cases and staff methods.

use serde_json::{Value, json};

use super::{ACCOUNTS, ADMINS, EVERYWHERE, INVALID_ARGUMENT, NOT_FOUND, OK, PUBLIC, Row, Rule, STAFF, VIEWERS, rows};
use crate::caller::{
    Caller::{KeeperModerator, OwnerModerator, ReportingModerator},
    Location,
};

const CASE_LOCATIONS: &[Location] = &[Location::Public, Location::PrivateCircle];

/// Staff without a conflict of interest. Other staff get `not_found`.
const IMPARTIAL_STAFF: Rule = |caller, location| match STAFF(caller, location) {
    OK if matches!(caller, ReportingModerator | OwnerModerator)
        || (caller == KeeperModerator && location.is_circle()) =>
    {
        NOT_FOUND
    }
    result => result,
};

fn rule() -> Value {
    let kinds = ["RULE_KIND_POST"];
    let (detector, action) = ("RULE_DETECTOR_SCAM", "RULE_ACTION_SHADOW");
    json!({ "name": "gold", "detector": detector, "threshold": 90, "kinds": kinds, "action": action, "words": ["gold bars"] })
}

rows! {
    "/kith.moderation.v1.ModerationService/ReportContent", EVERYWHERE, |caller, location| {
        if caller.is_owner() { INVALID_ARGUMENT } else { VIEWERS(caller, location) }
    }, |scenario| json!({ "kind": "SUBJECT_KIND_POST", "subjectId": scenario.post, "reason": "REASON_OTHER" });
    "/kith.moderation.v1.ModerationService/ListMyReports", PUBLIC, ACCOUNTS, |_| json!({});
    "/kith.moderation.v1.ModerationService/GetMyStanding", PUBLIC, ACCOUNTS, |_| json!({});
    "/kith.moderation.v1.ModerationService/AppealDecision", CASE_LOCATIONS, |caller, location| match ACCOUNTS(caller, location) {
        OK if !caller.is_owner() => NOT_FOUND,
        result => result,
    }, |scenario| json!({ "decisionId": scenario.decision().await, "reason": "it was a quote" });

    "/kith.moderation.v1.ModerationService/ListCases", PUBLIC, STAFF, |_| json!({});
    "/kith.moderation.v1.ModerationService/GetCase", CASE_LOCATIONS, IMPARTIAL_STAFF,
        |scenario| json!({ "caseId": scenario.case().await["id"] });
    "/kith.moderation.v1.ModerationService/AssignCase", CASE_LOCATIONS, IMPARTIAL_STAFF,
        |scenario| json!({ "caseId": scenario.case().await["id"] });
    "/kith.moderation.v1.ModerationService/EscalateCase", CASE_LOCATIONS, IMPARTIAL_STAFF, |scenario| {
        let case = scenario.case().await;
        json!({ "caseId": case["id"], "etag": case["etag"] })
    };
    "/kith.moderation.v1.ModerationService/DecideCase", CASE_LOCATIONS, IMPARTIAL_STAFF, |scenario| {
        let case = scenario.assigned_case().await;
        json!({ "caseId": case["id"], "etag": case["etag"], "action": "ACTION_DISMISS" })
    };
    "/kith.moderation.v1.ModerationService/GetSubjectHistory", CASE_LOCATIONS, IMPARTIAL_STAFF,
        |scenario| json!({ "caseId": scenario.case().await["id"] });
    "/kith.moderation.v1.ModerationService/GetModerationStats", PUBLIC, STAFF, |_| json!({});
    "/kith.screening.v1.ScreeningService/ListRules", PUBLIC, STAFF, |_| json!({});
    "/kith.screening.v1.ScreeningService/PutRule", PUBLIC, ADMINS,
        |scenario| json!({ "rule": rule(), "etag": scenario.rules_etag().await });
    "/kith.screening.v1.ScreeningService/TryRule", PUBLIC, STAFF, |_| json!({ "rule": rule() });
    "/kith.admin.v1.AdminService/ListAuditLog", PUBLIC, ADMINS, |_| json!({});

    "/kith.admin.v1.AdminService/GrantRole", PUBLIC, ADMINS,
        |scenario| json!({ "personaId": scenario.helper().await.persona, "role": "STAFF_ROLE_MODERATOR" });
    "/kith.admin.v1.AdminService/RevokeRole", PUBLIC, ADMINS,
        |scenario| json!({ "personaId": scenario.staff_member().await });
    "/kith.admin.v1.AdminService/ListStaff", PUBLIC, ADMINS, |_| json!({});
    "/kith.admin.v1.AdminService/ListFlags", PUBLIC, ADMINS, |_| json!({});
    "/kith.admin.v1.AdminService/ListMyFlags", PUBLIC, ACCOUNTS, |_| json!({});
    "/kith.admin.v1.AdminService/PutFlag", PUBLIC, ADMINS,
        |scenario| json!({ "name": format!("of-{}", scenario.post), "percent": 5 });
}
