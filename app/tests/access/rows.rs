//! What each caller is answered by each method: `ok`, or Connect's code.

use std::pin::Pin;

use serde_json::{Value, json};

use crate::scene::Scene;

/// One method.
pub(crate) struct Row {
    pub(crate) path: &'static str,
    /// What it is sent.
    pub(crate) body: Body,
    /// By whom, in the order of the callers: nobody, forged, expired, refresh token, stranger, owner, blocked, suspended.
    pub(crate) answers: &'static [&'static str; 8],
}

pub(crate) type Body = for<'a> fn(&'a Scene<'a>) -> Pin<Box<dyn Future<Output = Value> + 'a>>;

const OK: &str = "ok";
const NO: &str = "permission_denied";
const NONE: &str = "not_found";
const WHO: &str = "unauthenticated";
const BAD: &str = "invalid_argument";
const NOT_NOW: &str = "failed_precondition";

/// Anybody, but for who brings a token that is none.
const ANYBODY: [&str; 8] = [OK, WHO, WHO, WHO, OK, OK, OK, OK];
/// Every account, a suspended one too.
const ACCOUNTS: [&str; 8] = [WHO, WHO, WHO, WHO, OK, OK, OK, OK];
/// Every account in good standing: it is about the caller alone.
const MEMBERS: [&str; 8] = [WHO, WHO, WHO, WHO, OK, OK, OK, NO];
/// Every account in good standing that its owner has not blocked.
const VISIBLE: [&str; 8] = [WHO, WHO, WHO, WHO, OK, OK, NONE, NO];
/// Its owner; who may see it is told that it is not theirs.
const OWNER: [&str; 8] = [WHO, WHO, WHO, WHO, NO, OK, NONE, NO];
/// Its owner; for all others it is not there.
const OWNER_ALONE: [&str; 8] = [WHO, WHO, WHO, WHO, NONE, OK, NONE, NO];

macro_rules! rows {
    ($($path:literal, $answers:expr, |$scene:pat_param| $body:expr;)+) => {
        pub(crate) const ROWS: &[Row] = &[$(Row {
            path: $path,
            body: |scene| Box::pin(async move {
                let $scene = scene;
                $body
            }),
            answers: &$answers,
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
    "/kith.auth.v1.AuthService/RevokeSession", [WHO, WHO, WHO, WHO, NONE, OK, NONE, NONE],
        |scene| json!({ "sessionId": scene.owner.session });
    "/kith.auth.v1.AuthService/CreateRealtimeTicket", MEMBERS, |_| json!({});

    "/kith.users.v1.UserService/GetMe", ACCOUNTS, |_| json!({});
    "/kith.users.v1.UserService/GetProfile", VISIBLE, |scene| json!({ "personaId": scene.owner.persona });
    "/kith.users.v1.UserService/UpdateProfile", MEMBERS,
        |scene| json!({ "etag": scene.own_etag().await, "avatar": 5 });
    "/kith.users.v1.UserService/BlockUser", [WHO, WHO, WHO, WHO, OK, BAD, OK, NO],
        |scene| json!({ "personaId": scene.owner.persona });
    "/kith.users.v1.UserService/UnblockUser", MEMBERS, |scene| json!({ "personaId": scene.owner.persona });
    "/kith.users.v1.UserService/ListBlocks", MEMBERS, |_| json!({});

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
    "/kith.support.v1.SupportService/QuickSupport", [WHO, WHO, WHO, WHO, OK, NOT_NOW, NONE, NO],
        |scene| json!({ "postId": scene.post, "kind": "QUICK_KIND_HUG" });
    "/kith.support.v1.SupportService/MarkHelpful", OWNER, |scene| json!({ "responseId": scene.answer });
    "/kith.support.v1.SupportService/GetSupportStats", MEMBERS, |_| json!({});
}
