//! What people wrote, in public and in circles.

use serde_json::json;

use super::{EVERYWHERE, HERE, MEMBERS, NONE, NOT_NOW, OK, OWNER, OWNER_ALONE, Row, Rule, VISIBLE, known, rows};

/// Who is where it is to be, whomever they see there.
const WRITERS: Rule =
    |caller, place| known(caller).unwrap_or_else(|| if !place.is_circle() || caller.is_inside() { OK } else { NONE });

rows! {
    "/kith.posts.v1.PostService/CreatePost", EVERYWHERE, WRITERS, |scene| scene.question();
    "/kith.posts.v1.PostService/GetPost", EVERYWHERE, VISIBLE, |scene| json!({ "postId": scene.post });
    "/kith.posts.v1.PostService/UpdatePost", EVERYWHERE, OWNER,
        |scene| json!({ "postId": scene.post, "etag": scene.etag, "body": "it is over" });
    "/kith.posts.v1.PostService/UpdatePostUrgency", EVERYWHERE, OWNER,
        |scene| json!({ "postId": scene.post, "etag": scene.etag, "urgency": 4 });
    "/kith.posts.v1.PostService/ResolveSos", EVERYWHERE, OWNER, |scene| json!({ "postId": scene.post });
    "/kith.posts.v1.PostService/DeletePost", EVERYWHERE, OWNER, |scene| json!({ "postId": scene.post });
    "/kith.posts.v1.PostService/RestorePost", EVERYWHERE, OWNER_ALONE,
        |scene| json!({ "postId": scene.deleted_post().await });
    "/kith.posts.v1.PostService/GetFeed", HERE, MEMBERS, |_| json!({});
    "/kith.posts.v1.PostService/SearchPosts", HERE, MEMBERS, |_| json!({ "query": "there" });
    "/kith.posts.v1.PostService/StreamFeed", HERE, MEMBERS, |_| json!({});
    "/kith.support.v1.SupportService/CreateResponse", EVERYWHERE, VISIBLE,
        |scene| json!({ "postId": scene.post, "text": "here" });
    "/kith.support.v1.SupportService/ListResponses", EVERYWHERE, VISIBLE, |scene| json!({ "postId": scene.post });
    "/kith.support.v1.SupportService/DeleteResponse", EVERYWHERE, OWNER,
        |scene| json!({ "responseId": scene.follow_up().await });
    "/kith.support.v1.SupportService/QuickSupport", EVERYWHERE, |caller, place| {
        if caller.is_owner() { NOT_NOW } else { VISIBLE(caller, place) }
    }, |scene| json!({ "postId": scene.post, "kind": "QUICK_KIND_HUG" });
    "/kith.support.v1.SupportService/MarkHelpful", EVERYWHERE, OWNER,
        |scene| json!({ "responseId": scene.answer().await });
    "/kith.support.v1.SupportService/GetSupportStats", HERE, MEMBERS, |_| json!({});
}
