//! Somebody asks, somebody else hears it, answers, and is thanked; and who is blocked is gone.

use kith_testkit::block_on;
use serde_json::json;

use crate::{
    client::{Client, number, text},
    people::Person,
    server::{Home, Server, soon},
    socket::Socket,
};

async fn two() -> (Home, Server, Person, Person) {
    let home = Home::new(&[]);
    let server = home.serve().await;
    let client = Client::to(server.url());
    let (ann, bob) = (Person::register(&client).await, Person::register(&client).await);
    (home, server, ann, bob)
}

#[test]
fn an_sos_is_heard_while_it_is_asked_and_its_answer_while_it_is_given() {
    block_on(async {
        let (_home, server, ann, bob) = two().await;
        let mut listening = Socket::of(&bob).await;
        listening.subscribe("feed").await;
        let post = ann.sos("I have a bottle in front of me.").await;
        let heard = listening.fact("feed", "postCreated").await;
        assert_eq!(text(&heard["id"]), post);
        assert_eq!(heard["body"], "I have a bottle in front of me.");
        assert_eq!((&heard["kind"], &heard["urgency"]), (&json!("POST_KIND_SOS"), &json!(5)));
        assert_eq!(text(&heard["author"]["id"]), ann.persona);
        assert!(!heard.to_string().contains(&text(&ann.me().await["accountId"])), "an account id has no place here");

        let mut waiting = Socket::of(&ann).await;
        waiting.subscribe(&format!("post:{post}")).await;
        waiting.subscribe("user").await;
        let answer = bob.answers(&post, "Put it away. I am here.").await;
        let (mut seen, mut noticed) = (None, None);
        while seen.is_none() || noticed.is_none() {
            let mut event = waiting.event().await;
            match event["channel"].as_str().unwrap() {
                "user" => noticed = Some(event["notice"].take()),
                _ if event.get("responseCreated").is_some() => seen = Some(event["responseCreated"].take()),
                _ => {}
            }
        }
        let seen = seen.unwrap();
        assert_eq!((text(&seen["id"]), text(&seen["text"])), (answer.clone(), "Put it away. I am here.".to_owned()));
        assert_eq!(text(&seen["author"]["id"]), bob.persona);
        let told = json!({ "kind": "NOTICE_KIND_RESPONSE_RECEIVED", "postId": post, "responseId": answer });
        assert_eq!(noticed.unwrap(), told);
        server.stop().await;
    });
}

#[test]
fn who_helps_is_thanked_and_everything_is_counted_once() {
    block_on(async {
        let (_home, server, ann, bob) = two().await;
        let post = ann.sos("It is a bad evening.").await;
        let mut listening = Socket::of(&bob).await;
        listening.subscribe("user").await;
        let answer = bob.answers(&post, "I am here.").await;
        assert_eq!(bob.hugs(&post).await, bob.hugs(&post).await, "again is the same");
        for _ in 0..2 {
            ann.does("MarkHelpful", &json!({ "responseId": answer })).await;
        }
        let told = listening.fact("user", "notice").await;
        let thanks = json!({ "kind": "NOTICE_KIND_MARKED_HELPFUL", "postId": post, "responseId": answer });
        assert_eq!(told, thanks);

        // 3 for the words, 1 for the hug, 10 for the help.
        soon("points", async || (number(&bob.me().await["strengthPoints"]) == 14).then_some(())).await;
        assert_eq!(number(&ann.me().await["strengthPoints"]), 0);
        let counts = async || {
            let post = ann.sees(&post).await.unwrap();
            [number(&post["responseCount"]), number(&post["supportCount"])]
        };
        soon("counts", async || (counts().await == [1, 1]).then_some(())).await;
        let given = bob.does("GetSupportStats", &json!({})).await;
        let figures = ["textsGiven", "quickGiven", "postsAnswered", "helpfulGiven", "received"];
        assert_eq!(figures.map(|it| number(&given[it])), [1, 1, 1, 1, 0]);
        assert_eq!(number(&ann.does("GetSupportStats", &json!({})).await["received"]), 2);

        // What is taken back is taken back everywhere.
        bob.does("DeleteResponse", &json!({ "responseId": answer })).await;
        soon("points", async || (number(&bob.me().await["strengthPoints"]) == 1).then_some(())).await;
        soon("counts", async || (counts().await == [0, 1]).then_some(())).await;
        server.stop().await;
    });
}

#[test]
fn who_is_blocked_neither_hears_nor_sees_the_other_on_any_path() {
    block_on(async {
        let (_home, server, ann, bob) = two().await;
        let carol = Person::register(&ann.client).await;
        let (hers, his) = (ann.sos("hidden: ann").await, bob.sos("hidden: bob").await);
        let ours = carol.sos("of carol").await;
        let (from_ann, from_bob) = (ann.answers(&ours, "ann is here").await, bob.answers(&ours, "bob is here").await);
        // Each listens to the feed, to the other's post and to that of somebody else.
        let mut sockets = Vec::new();
        for (person, other) in [(&ann, &his), (&bob, &hers)] {
            let mut socket = Socket::of(person).await;
            let feed = socket.subscribe("feed").await;
            let theirs = socket.subscribe(&format!("post:{other}")).await;
            socket.subscribe(&format!("post:{ours}")).await;
            sockets.push((person, other, socket, feed, theirs));
        }
        ann.does("BlockUser", &json!({ "personaId": bob.persona })).await;
        for (_, other, socket, ..) in &mut sockets {
            let gone = socket.next("unsubscribed").await;
            let told = json!({ "channel": format!("post:{other}"), "reason": "UNSUBSCRIBED_REASON_NOT_FOUND" });
            assert_eq!(gone, told);
        }

        // What both do now is for others. What carol does after it is heard by both, and ends the wait.
        for person in [&ann, &bob] {
            person.sos("hidden: later").await;
            person.answers(&ours, "hidden: later").await;
        }
        carol.answers(&ours, "the last").await;
        let last = carol.sos("the last").await;
        for (person, other, mut socket, feed, theirs) in sockets {
            let stranger = if person.persona == ann.persona { &bob } else { &ann };
            loop {
                let event = socket.event().await;
                assert!(!event.to_string().contains(&stranger.persona), "{event}");
                if text(&event["postCreated"]["id"]) == last {
                    break;
                }
            }
            // Who comes back is told no more than who stayed.
            let mut back = Socket::of(person).await;
            assert_eq!(back.resume("feed", &feed).await["recovered"], true);
            loop {
                let event = back.event().await;
                assert!(!event.to_string().contains(&stranger.persona), "{event}");
                if text(&event["postCreated"]["id"]) == last {
                    break;
                }
            }
            back.say(&json!({ "subscribe": { "channel": format!("post:{other}"), "position": theirs } })).await;
            assert_eq!(back.next("unsubscribed").await["reason"], "UNSUBSCRIBED_REASON_NOT_FOUND");

            for (method, body) in [
                ("GetFeed", json!({ "pageSize": 100 })),
                ("GetFeed", json!({ "order": "FEED_ORDER_URGENT", "pageSize": 100 })),
                ("SearchPosts", json!({ "query": "hidden" })),
                ("ListResponses", json!({ "postId": ours })),
            ] {
                let seen = person.does(method, &body).await.to_string();
                assert!(!seen.contains(&stranger.persona), "{method}: {seen}");
                assert!(seen.contains(&person.persona), "{method}: one's own is there: {seen}");
            }
            let answer = if person.persona == ann.persona { &from_bob } else { &from_ann };
            for (method, body) in [
                ("GetPost", json!({ "postId": other })),
                ("GetProfile", json!({ "personaId": stranger.persona })),
                ("ListResponses", json!({ "postId": other })),
                ("CreateResponse", json!({ "postId": other, "text": "let me in" })),
                ("QuickSupport", json!({ "postId": other, "kind": "QUICK_KIND_HUG" })),
                ("MarkHelpful", json!({ "responseId": answer })),
            ] {
                let refused = person.says(method, &body).await.expect_err(method);
                assert_eq!(refused.code, "not_found", "{method}");
            }
        }
        assert!(bob.does("ListBlocks", &json!({})).await.get("blocks").is_none_or(|it| it == &json!([])));
        assert_eq!(ann.does("ListBlocks", &json!({})).await["blocks"].as_array().unwrap().len(), 1);
        server.stop().await;
    });
}
