//! Counts responses and points from the listed responses, to compare them with the stored counters.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    client::{number, text},
    server::eventually,
    user::TestUser,
};

/// Reads all pages of a list.
pub(crate) async fn pages(user: &TestUser, method: &str, list: &str, mut body: Value) -> Vec<Value> {
    body["pageSize"] = json!(100);
    let mut all = Vec::new();
    loop {
        let mut page = user.call_ok(method, &body).await;
        all.extend(page[list].as_array_mut().map(std::mem::take).unwrap_or_default());
        let next = text(&page["nextPageToken"]);
        if next.is_empty() {
            return all;
        }
        body["pageToken"] = json!(next);
    }
}

/// Reads the whole feed as this user sees it.
pub(crate) async fn feed(user: &TestUser) -> Vec<Value> {
    pages(user, "GetFeed", "posts", json!({})).await
}

/// Number of text responses and of quick responses, by post id.
pub(crate) type Counts = BTreeMap<String, [u64; 2]>;

/// Counters computed from the listed responses.
pub(crate) struct Recount {
    /// By response id.
    pub(crate) responses: BTreeMap<String, Value>,
    pub(crate) counts: Counts,
    /// Strength points by persona id: at most 100 a day, none for responses to own posts.
    pub(crate) points: BTreeMap<String, u64>,
}

/// Counts the responses that this user can see.
pub(crate) async fn recount(user: &TestUser) -> Recount {
    let (mut responses, mut counts, mut points) = (BTreeMap::new(), Counts::new(), BTreeMap::<_, u64>::new());
    for post in feed(user).await {
        let count = counts.entry(text(&post["id"])).or_default();
        for response in pages(user, "ListResponses", "responses", json!({ "postId": post["id"] })).await {
            let is_text = response.get("text").is_some();
            count[usize::from(!is_text)] += 1;
            if response["author"]["id"] != post["author"]["id"] {
                *points.entry(text(&response["author"]["id"])).or_default() += if is_text { 3 } else { 1 };
            }
            let previous = responses.insert(text(&response["id"]), response);
            assert!(previous.is_none(), "a response is listed twice");
        }
    }
    for sum in points.values_mut() {
        *sum = 100.min(*sum);
    }
    Recount { responses, counts, points }
}

/// Waits until the counters of each post in the feed have the expected values.
pub(crate) async fn wait_for_counts(user: &TestUser, expected: &Counts) {
    eventually("counters that equal a recount", async || {
        let posts = feed(user).await;
        let counts =
            posts.iter().map(|it| (text(&it["id"]), [number(&it["responseCount"]), number(&it["supportCount"])]));
        (counts.collect::<Counts>() == *expected).then_some(())
    })
    .await;
}
