//! What each caller is answered by each method: `ok`, or Connect's code.

use std::pin::Pin;

use serde_json::{Value, json};

use crate::{
    Caller::{self, Expired, Forged, Owner, Refresh, Suspended},
    scene::Scene,
};

/// One method.
pub(crate) struct Row {
    pub(crate) path: &'static str,
    /// What it is sent.
    pub(crate) body: Body,
    /// By whom.
    pub(crate) answer: Rule,
}

pub(crate) type Body = for<'a> fn(&'a Scene<'a>) -> Pin<Box<dyn Future<Output = Value> + 'a>>;

/// What a caller is answered.
pub(crate) type Rule = fn(Caller) -> &'static str;

const OK: &str = "ok";
const NO: &str = "permission_denied";
const NONE: &str = "not_found";
const WHO: &str = "unauthenticated";
const BAD: &str = "invalid_argument";
const NOT_NOW: &str = "failed_precondition";

/// Anybody, but for who brings a token that is none.
const ANYBODY: Rule = |caller| if matches!(caller, Forged | Expired | Refresh) { WHO } else { OK };
/// Every account, a suspended one too.
const ACCOUNTS: Rule = |caller| if caller.is_nobody() { WHO } else { OK };
/// Every account in good standing: it is about the caller alone.
const MEMBERS: Rule = |caller| known(caller).unwrap_or(OK);
/// Every account in good standing, unless they and its owner do not see each other.
const VISIBLE: Rule = |caller| known(caller).unwrap_or_else(|| if caller.is_apart() { NONE } else { OK });
/// Its owner; who may see it is told that it is not theirs.
const OWNER: Rule = |caller| {
    let others = || if caller.is_apart() { NONE } else { NO };
    known(caller).unwrap_or_else(|| if caller == Owner { OK } else { others() })
};
/// Its owner; for all others it is not there.
const OWNER_ALONE: Rule = |caller| known(caller).unwrap_or_else(|| if caller == Owner { OK } else { NONE });

/// Whose circle it is; all others are told that they are not in it.
const KEEPERS: Rule = |caller| known(caller).unwrap_or_else(|| if caller == Owner { OK } else { NO });
/// Who works the queue; none of these does.
const STAFF: Rule = |caller| if caller.is_nobody() { WHO } else { NO };
const OPEN: &str = "CIRCLE_ACCESS_OPEN";
const BY_REQUEST: &str = "CIRCLE_ACCESS_BY_REQUEST";

/// What nobody in particular, and who may do nothing, is answered.
fn known(caller: Caller) -> Option<&'static str> {
    if caller.is_nobody() {
        return Some(WHO);
    }
    (caller == Suspended).then_some(NO)
}

macro_rules! rows {
    ($($path:literal, $answer:expr, |$scene:pat_param| $body:expr;)+) => {
        pub(crate) const ROWS: &[Row] = &[$(Row {
            path: $path,
            body: |scene| Box::pin(async move {
                let $scene = scene;
                $body
            }),
            answer: $answer,
        }),+];
    };
}

rows! {
    "/grpc.health.v1.Health/Check", ANYBODY, |_| json!({});
    "/grpc.health.v1.Health/Watch", ANYBODY, |_| json!({});
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", ANYBODY, |_| json!({ "listServices": "" });

    "/kith.auth.v1.AuthService/RegisterAnonymous", ANYBODY, |_| json!({});
    "/kith.auth.v1.AuthService/RegisterWithEmail", ANYBODY, |scene| scene.email();
    "/kith.auth.v1.AuthService/Login", ANYBODY, |scene| scene.login();
    "/kith.auth.v1.AuthService/LoginWithRecoveryCode", ANYBODY, |scene| json!({ "recoveryCode": scene.owner.code });
    "/kith.auth.v1.AuthService/RefreshToken", ANYBODY, |scene| json!({ "refreshToken": scene.owner.refresh });
    "/kith.auth.v1.AuthService/UpgradeAccount", ACCOUNTS, |scene| scene.email();
    "/kith.auth.v1.AuthService/Logout", ACCOUNTS, |_| json!({});
    "/kith.auth.v1.AuthService/ListSessions", ACCOUNTS, |_| json!({});
    "/kith.auth.v1.AuthService/RevokeSession", |caller| match ACCOUNTS(caller) {
        OK if caller != Owner => NONE,
        answer => answer,
    }, |scene| json!({ "sessionId": scene.owner.session });
    "/kith.auth.v1.AuthService/CreateRealtimeTicket", MEMBERS, |_| json!({});

    "/kith.users.v1.UserService/GetMe", ACCOUNTS, |_| json!({});
    "/kith.users.v1.UserService/GetProfile", VISIBLE, |scene| json!({ "personaId": scene.owner.persona });
    "/kith.users.v1.UserService/UpdateProfile", MEMBERS,
        |scene| json!({ "etag": scene.own_etag().await, "avatar": 5 });
    "/kith.users.v1.UserService/BlockUser", |caller| if caller == Owner { BAD } else { MEMBERS(caller) }, |scene| json!({ "personaId": scene.owner.persona });
    "/kith.users.v1.UserService/UnblockUser", MEMBERS, |scene| json!({ "personaId": scene.owner.persona });
    "/kith.users.v1.UserService/ListBlocks", MEMBERS, |_| json!({});
    "/kith.users.v1.UserService/GetPrivacySettings", MEMBERS, |_| json!({});
    "/kith.users.v1.UserService/UpdatePrivacySettings", MEMBERS,
        |scene| json!({ "etag": scene.privacy_etag().await, "showBadges": false });

    "/kith.users.v1.ProgressService/GetStreak", MEMBERS, |_| json!({});
    "/kith.users.v1.ProgressService/UpdateStreak", MEMBERS,
        |scene| json!({ "etag": scene.streak_etag().await, "timeZone": "Europe/Oslo" });
    "/kith.users.v1.ProgressService/RecordCheckIn", MEMBERS, |_| json!({ "mood": 5 });
    "/kith.users.v1.ProgressService/RecordRelapse", MEMBERS, |_| json!({});
    "/kith.users.v1.ProgressService/WithdrawRelapse", OWNER_ALONE,
        |scene| json!({ "relapseId": scene.relapse().await });
    "/kith.users.v1.ProgressService/GetProgress", MEMBERS, |_| json!({});

    "/kith.posts.v1.PostService/CreatePost", MEMBERS,
        |_| json!({ "kind": "POST_KIND_QUESTION", "urgency": 2, "body": "does it get easier?" });
    "/kith.posts.v1.PostService/GetPost", VISIBLE, |scene| json!({ "postId": scene.post });
    "/kith.posts.v1.PostService/UpdatePost", OWNER,
        |scene| json!({ "postId": scene.post, "etag": scene.etag, "body": "it is over" });
    "/kith.posts.v1.PostService/UpdatePostUrgency", OWNER,
        |scene| json!({ "postId": scene.post, "etag": scene.etag, "urgency": 4 });
    "/kith.posts.v1.PostService/ResolveSos", OWNER, |scene| json!({ "postId": scene.post });
    "/kith.posts.v1.PostService/DeletePost", OWNER, |scene| json!({ "postId": scene.post });
    "/kith.posts.v1.PostService/RestorePost", OWNER_ALONE, |scene| json!({ "postId": scene.deleted_post().await });
    "/kith.posts.v1.PostService/GetFeed", MEMBERS, |_| json!({});
    "/kith.posts.v1.PostService/SearchPosts", MEMBERS, |_| json!({ "query": "there" });
    "/kith.posts.v1.PostService/StreamFeed", MEMBERS, |_| json!({});

    "/kith.support.v1.SupportService/CreateResponse", VISIBLE, |scene| json!({ "postId": scene.post, "text": "here" });
    "/kith.support.v1.SupportService/ListResponses", VISIBLE, |scene| json!({ "postId": scene.post });
    "/kith.support.v1.SupportService/DeleteResponse", OWNER, |scene| json!({ "responseId": scene.follow_up });
    "/kith.support.v1.SupportService/QuickSupport", |caller| if caller == Owner { NOT_NOW } else { VISIBLE(caller) }, |scene| json!({ "postId": scene.post, "kind": "QUICK_KIND_HUG" });
    "/kith.support.v1.SupportService/MarkHelpful", OWNER, |scene| json!({ "responseId": scene.answer });
    "/kith.support.v1.SupportService/GetSupportStats", MEMBERS, |_| json!({});

    "/kith.moderation.v1.ModerationService/ReportContent", |caller| if caller == Owner { BAD } else { VISIBLE(caller) }, |scene| json!({ "kind": "SUBJECT_KIND_POST", "subjectId": scene.post, "reason": "REASON_OTHER" });
    "/kith.moderation.v1.ModerationService/ListMyReports", ACCOUNTS, |_| json!({});
    "/kith.moderation.v1.ModerationService/GetMyStanding", ACCOUNTS, |_| json!({});
    "/kith.moderation.v1.ModerationService/AppealDecision", |caller| if caller.is_nobody() { WHO } else { NONE },
        |scene| json!({ "decisionId": scene.post, "words": "it was a quote" });
    "/kith.moderation.v1.ModerationService/ListCases", STAFF, |_| json!({});
    "/kith.moderation.v1.ModerationService/GetCase", STAFF, |scene| json!({ "caseId": scene.post });
    "/kith.moderation.v1.ModerationService/AssignCase", STAFF, |scene| json!({ "caseId": scene.post });
    "/kith.moderation.v1.ModerationService/EscalateCase", STAFF, |scene| json!({ "caseId": scene.post, "etag": "1" });
    "/kith.moderation.v1.ModerationService/DecideCase", STAFF,
        |scene| json!({ "caseId": scene.post, "etag": "1", "action": "ACTION_DISMISS" });
    "/kith.moderation.v1.ModerationService/GetSubjectHistory", STAFF, |scene| json!({ "caseId": scene.post });
    "/kith.moderation.v1.ModerationService/GetModerationStats", STAFF, |_| json!({});

    "/kith.circles.v1.CircleService/CreateCircle", MEMBERS,
        |_| json!({ "name": "early risers", "category": "sleep", "access": OPEN, "maxMembers": 10 });
    "/kith.circles.v1.CircleService/GetCircle", MEMBERS,
        |scene| json!({ "circleId": scene.circle(OPEN).await.0 });
    "/kith.circles.v1.CircleService/UpdateCircle", KEEPERS,
        |scene| json!({ "circleId": scene.circle(OPEN).await.0, "etag": "1", "about": "dawn" });
    "/kith.circles.v1.CircleService/ArchiveCircle", KEEPERS,
        |scene| json!({ "circleId": scene.circle(OPEN).await.0 });
    "/kith.circles.v1.CircleService/ListCircles", MEMBERS, |_| json!({ "scope": "CIRCLE_SCOPE_PUBLIC" });
    "/kith.circles.v1.CircleService/JoinCircle", MEMBERS,
        |scene| json!({ "circleId": scene.circle(OPEN).await.0 });
    "/kith.circles.v1.CircleService/LeaveCircle", |caller| if caller == Owner { NOT_NOW } else { MEMBERS(caller) },
        |scene| json!({ "circleId": scene.circle(OPEN).await.0 });
    "/kith.circles.v1.CircleService/ListCircleMembers", KEEPERS,
        |scene| json!({ "circleId": scene.circle(OPEN).await.0 });
    "/kith.circles.v1.CircleService/UpdateMemberRole", KEEPERS,
        |scene| {
            let (circle, persona) = scene.circle(OPEN).await;
            json!({ "circleId": circle, "personaId": persona, "role": "CIRCLE_ROLE_KEEPER" })
        };
    "/kith.circles.v1.CircleService/RemoveMember", KEEPERS,
        |scene| {
            let (circle, persona) = scene.circle(OPEN).await;
            json!({ "circleId": circle, "personaId": persona })
        };
    "/kith.circles.v1.CircleService/BanMember", KEEPERS,
        |scene| {
            let (circle, persona) = scene.circle(OPEN).await;
            json!({ "circleId": circle, "personaId": persona })
        };
    "/kith.circles.v1.CircleService/UnbanMember", KEEPERS,
        |scene| {
            let (circle, persona) = scene.circle(OPEN).await;
            json!({ "circleId": circle, "personaId": persona })
        };
    "/kith.circles.v1.CircleService/ListJoinRequests", KEEPERS,
        |scene| json!({ "circleId": scene.circle(OPEN).await.0 });
    "/kith.circles.v1.CircleService/DecideJoinRequest", KEEPERS,
        |scene| {
            let (circle, persona) = scene.circle(BY_REQUEST).await;
            json!({ "circleId": circle, "personaId": persona, "decision": "JOIN_DECISION_ADMIT" })
        };
    "/kith.circles.v1.CircleService/CreateInvite", KEEPERS,
        |scene| json!({ "circleId": scene.circle(OPEN).await.0 });
    "/kith.circles.v1.CircleService/ListInvites", KEEPERS,
        |scene| json!({ "circleId": scene.circle(OPEN).await.0 });
    "/kith.circles.v1.CircleService/RevokeInvite", KEEPERS,
        |scene| json!({ "circleId": scene.circle(OPEN).await.0, "inviteId": scene.post });
    "/kith.circles.v1.CircleService/AcceptInvite", MEMBERS,
        |scene| json!({ "code": scene.invite().await });
    "/kith.circles.v1.CircleService/ListCircleLog", KEEPERS,
        |scene| json!({ "circleId": scene.circle(OPEN).await.0 });
    "/kith.circles.v1.CircleService/GetCircleFeed", KEEPERS,
        |scene| json!({ "circleId": scene.circle(OPEN).await.0 });

    "/kith.moderation.v1.ModerationService/ListRules", STAFF, |_| json!({});
    "/kith.moderation.v1.ModerationService/PutRule", STAFF, |_| json!({});
    "/kith.moderation.v1.ModerationService/TryRule", STAFF, |_| json!({});
    "/kith.moderation.v1.ModerationService/ListAuditLog", STAFF, |_| json!({});
    "/kith.moderation.v1.AdminService/GrantRole", STAFF, |_| json!({});
    "/kith.moderation.v1.AdminService/RevokeRole", STAFF, |_| json!({});
    "/kith.moderation.v1.AdminService/ListStaff", STAFF, |_| json!({});
    "/kith.moderation.v1.AdminService/ListFlags", STAFF, |_| json!({});
    "/kith.moderation.v1.AdminService/PutFlag", STAFF, |_| json!({});
}
