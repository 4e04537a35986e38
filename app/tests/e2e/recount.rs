//! What is counted, counted again by hand.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    client::{number, text},
    people::Person,
    server::soon,
};

/// All pages of a list.
pub(crate) async fn pages(person: &Person, method: &str, list: &str, mut body: Value) -> Vec<Value> {
    body["pageSize"] = json!(100);
    let mut all = Vec::new();
    loop {
        let mut page = person.does(method, &body).await;
        all.extend(page[list].as_array_mut().map(std::mem::take).unwrap_or_default());
        let next = text(&page["nextPageToken"]);
        if next.is_empty() {
            return all;
        }
        body["pageToken"] = json!(next);
    }
}

/// The whole feed, as this person sees it.
pub(crate) async fn feed(person: &Person) -> Vec<Value> {
    pages(person, "GetFeed", "posts", json!({})).await
}

/// How many answers a post has: in words and in one tap.
pub(crate) type Counts = BTreeMap<String, [u64; 2]>;

/// Everything that was answered, by what is listed.
pub(crate) struct Recount {
    pub(crate) answers: BTreeMap<String, Value>,
    pub(crate) counts: Counts,
    /// Of each persona: no more than 100 a day, and none for what one answers oneself.
    pub(crate) points: BTreeMap<String, u64>,
}

/// Counts what this person can see.
pub(crate) async fn recount(person: &Person) -> Recount {
    let (mut answers, mut counts, mut points) = (BTreeMap::new(), Counts::new(), BTreeMap::<_, u64>::new());
    for post in feed(person).await {
        let count = counts.entry(text(&post["id"])).or_default();
        for answer in pages(person, "ListResponses", "responses", json!({ "postId": post["id"] })).await {
            let in_words = answer.get("text").is_some();
            count[usize::from(!in_words)] += 1;
            if answer["author"]["id"] != post["author"]["id"] {
                *points.entry(text(&answer["author"]["id"])).or_default() += if in_words { 3 } else { 1 };
            }
            let twice = answers.insert(text(&answer["id"]), answer);
            assert!(twice.is_none(), "an answer is listed twice");
        }
    }
    for sum in points.values_mut() {
        *sum = 100.min(*sum);
    }
    Recount { answers, counts, points }
}

/// Waits until what the feed says of each post is what is listed below it.
pub(crate) async fn counts_are(person: &Person, expected: &Counts) {
    soon("counts that equal a recount", async || {
        let said = feed(person).await;
        let counts =
            said.iter().map(|it| (text(&it["id"]), [number(&it["responseCount"]), number(&it["supportCount"])]));
        (counts.collect::<Counts>() == *expected).then_some(())
    })
    .await;
}
