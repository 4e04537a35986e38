//! Posts and responses, public and in circles.

use serde_json::json;

use super::{
    ACTIVE_ACCOUNTS, EVERYWHERE, FAILED_PRECONDITION, NOT_FOUND, OK, OWNER, OWNER_ONLY, PUBLIC, Row, Rule, VIEWERS,
    rejected, rows,
};

/// Accounts that can post in the location, with or without a block.
const WRITERS: Rule = |caller, location| {
    rejected(caller).unwrap_or_else(|| if !location.is_circle() || caller.is_member() { OK } else { NOT_FOUND })
};

rows! {
    "/kith.posts.v1.PostService/CreatePost", EVERYWHERE, WRITERS, |scenario| scenario.new_question();
    "/kith.posts.v1.PostService/GetPost", EVERYWHERE, VIEWERS, |scenario| json!({ "postId": scenario.post });
    "/kith.posts.v1.PostService/UpdatePost", EVERYWHERE, OWNER,
        |scenario| json!({ "postId": scenario.post, "etag": scenario.etag, "body": "it is over" });
    "/kith.posts.v1.PostService/UpdatePostUrgency", EVERYWHERE, OWNER,
        |scenario| json!({ "postId": scenario.post, "etag": scenario.etag, "urgency": 4 });
    "/kith.posts.v1.PostService/ResolveSos", EVERYWHERE, OWNER, |scenario| json!({ "postId": scenario.post });
    "/kith.posts.v1.PostService/DeletePost", EVERYWHERE, OWNER, |scenario| json!({ "postId": scenario.post });
    "/kith.posts.v1.PostService/RestorePost", EVERYWHERE, OWNER_ONLY,
        |scenario| json!({ "postId": scenario.deleted_post().await });
    "/kith.posts.v1.PostService/GetFeed", PUBLIC, ACTIVE_ACCOUNTS, |_| json!({});
    "/kith.posts.v1.PostService/SearchPosts", PUBLIC, ACTIVE_ACCOUNTS, |_| json!({ "query": "there" });
    "/kith.posts.v1.PostService/StreamFeed", PUBLIC, ACTIVE_ACCOUNTS, |_| json!({});
    "/kith.support.v1.SupportService/CreateResponse", EVERYWHERE, VIEWERS,
        |scenario| json!({ "postId": scenario.post, "text": "here" });
    "/kith.support.v1.SupportService/ListResponses", EVERYWHERE, VIEWERS, |scenario| json!({ "postId": scenario.post });
    "/kith.support.v1.SupportService/DeleteResponse", EVERYWHERE, OWNER,
        |scenario| json!({ "responseId": scenario.owner_response().await });
    "/kith.support.v1.SupportService/QuickSupport", EVERYWHERE, |caller, location| {
        if caller.is_owner() { FAILED_PRECONDITION } else { VIEWERS(caller, location) }
    }, |scenario| json!({ "postId": scenario.post, "kind": "QUICK_KIND_HUG" });
    "/kith.support.v1.SupportService/MarkHelpful", EVERYWHERE, OWNER,
        |scenario| json!({ "responseId": scenario.response().await });
    "/kith.support.v1.SupportService/GetSupportStats", PUBLIC, ACTIVE_ACCOUNTS, |_| json!({});
}
