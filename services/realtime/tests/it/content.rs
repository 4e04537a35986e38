//! Frames show what their event is about, as it is when they are told.

use futures_util::{SinkExt as _, StreamExt as _};
use kith_kernel::{
    EventPayload, PostEvent, ProgressEvent, ResponseEvent, UserId,
    event::{PostRef, ResponseClass, VisibilityChange},
};
use kith_proto::realtime::v1::{
    ClientFrame, Hello, ServerFrame, Subscribe, client_frame, event_frame::Payload as Told, server_frame::Kind,
};
use kith_realtime::Limits;
use kith_testkit::{block_on, member};
use prost::Message as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Client, text},
    harness::{Node, ORIGIN, about_post, about_response, embedded, two},
};

/// Says something in Protobuf, and hears the answer.
async fn ask(client: &mut Client, kind: client_frame::Kind) -> Kind {
    let frame = ClientFrame { kind: Some(kind) }.encode_to_vec();
    client.0.send(Message::Binary(frame.into())).await.unwrap();
    hear(client).await
}

async fn hear(client: &mut Client) -> Kind {
    let Message::Binary(bytes) = client.0.next().await.unwrap().unwrap() else { panic!("frames are binary") };
    ServerFrame::decode(bytes).unwrap().kind.unwrap()
}

async fn answer(node: &Node, author: UserId, post_author: UserId) -> kith_kernel::event::ResponseRef {
    let about = about_response(author, post_author);
    node.tell(author, EventPayload::Response(ResponseEvent::Created { response: about, class: ResponseClass::Text }))
        .await;
    about
}

#[test]
fn both_formats_show_the_same_post() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let mut json = node.client(&member()).await;
        json.subscribe("feed").await;
        let mut binary = Client::try_open(&node.address, "kith.v1.proto", ORIGIN).await.unwrap();
        let ticket = node.slices.ticket(&member(), std::time::Duration::from_hours(1));
        assert!(matches!(ask(&mut binary, client_frame::Kind::Hello(Hello { ticket })).await, Kind::Welcome(_)));
        let feed = Subscribe { channel: "feed".to_owned(), position: String::new() };
        assert!(matches!(ask(&mut binary, client_frame::Kind::Subscribe(feed)).await, Kind::Subscribed(_)));

        let about = about_post(&[]);
        node.tell(member().user, EventPayload::Post(PostEvent::Created(about.clone()))).await;
        let shown = json.event().await;
        let Kind::Event(event) = hear(&mut binary).await else { panic!("an event") };
        let Some(Told::PostCreated(post)) = event.payload else { panic!("a post") };
        assert_eq!(post.id, about.post.to_string());
        assert_eq!(post.body, format!("the text of {}", about.post));
        assert_eq!(text(&shown["postCreated"]["id"]), post.id);
        assert_eq!(text(&shown["postCreated"]["body"]), post.body);
        assert_eq!((text(&shown["id"]), text(&shown["position"])), (event.id, event.position));
    });
}

#[test]
fn a_post_is_told_wherever_it_stands_and_read_once_an_event() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let about = about_post(&["grief", "sleep"]);
        let own = format!("post:{}", about.post);
        let channels = ["feed", "category:grief", "category:sleep", &own];
        let mut clients = Vec::new();
        for channel in channels.iter().chain(&channels) {
            let mut client = node.client(&member()).await;
            client.subscribe(channel).await;
            clients.push((*channel, client));
        }
        let facts = [
            (EventPayload::Post(PostEvent::Created(about.clone())), "postCreated"),
            (EventPayload::Post(PostEvent::Updated(about.clone())), "postUpdated"),
            (EventPayload::Post(PostEvent::SosResolved(about.clone())), "postUpdated"),
            (EventPayload::Post(PostEvent::Deleted(about.clone())), "postRemoved"),
            (EventPayload::Post(PostEvent::Restored(about.clone())), "postCreated"),
        ];
        let author = member().user;
        for (fact, shown) in facts {
            let created = matches!(fact, EventPayload::Post(PostEvent::Created(_)));
            let before = node.slices.reads();
            node.tell(author, fact).await;
            // Nobody can listen to a post before it is there.
            for (channel, client) in clients.iter_mut().filter(|(channel, _)| !created || *channel != own) {
                let event = client.event().await;
                assert_eq!(event["channel"], *channel);
                assert!(event.get(shown).is_some(), "{shown} on {channel}: {event}");
            }
            assert_eq!(node.slices.reads() - before, usize::from(shown != "postRemoved"), "{shown}");
        }
    });
}

#[test]
fn an_answer_is_shown_at_its_post_and_noticed_without_a_word_by_whom_it_concerns() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (asks, helps) = two();
        let (mut asking, mut helping) = (node.client(&asks).await, node.client(&helps).await);
        asking.subscribe("user").await;
        helping.subscribe("user").await;
        let about = about_response(helps.user, asks.user);
        let mut reading = node.client(&member()).await;
        reading.subscribe(&format!("post:{}", about.post)).await;

        let weight = ResponseClass::Text;
        node.tell(helps.user, EventPayload::Response(ResponseEvent::Created { response: about, class: weight })).await;
        let shown = reading.event().await;
        assert_eq!(shown["responseCreated"]["text"], format!("the text of {}", about.response));
        let notice = asking.event().await;
        assert_eq!(notice["channel"], "user");
        assert_eq!(notice["notice"]["kind"], "NOTICE_KIND_RESPONSE_RECEIVED");
        assert_eq!(notice["notice"]["responseId"], about.response.to_string());
        assert_eq!(notice["notice"]["postId"], about.post.to_string());
        assert!(!notice.to_string().contains("the text of"));

        node.tell(asks.user, EventPayload::Response(ResponseEvent::MarkedHelpful(about))).await;
        assert!(reading.event().await.get("responseUpdated").is_some());
        assert_eq!(helping.event().await["notice"]["kind"], "NOTICE_KIND_MARKED_HELPFUL");

        node.tell(helps.user, EventPayload::Response(ResponseEvent::Deleted { response: about, class: weight })).await;
        assert_eq!(reading.event().await["responseRemoved"]["responseId"], about.response.to_string());

        // Whoever answers themselves needs no notice of it.
        answer(&node, asks.user, asks.user).await;
        let next = answer(&node, helps.user, asks.user).await;
        assert_eq!(asking.event().await["notice"]["responseId"], next.response.to_string());
    });
}

#[test]
fn nobody_is_noticed_about_a_post_that_is_not_there_for_them() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (asks, helps) = two();
        let (mut asking, mut helping) = (node.client(&asks).await, node.client(&helps).await);
        asking.subscribe("user").await;
        helping.subscribe("user").await;
        let left = about_response(helps.user, asks.user);
        for who in [asks.user, helps.user] {
            node.slices.hide(left.post, who);
        }
        node.tell(
            helps.user,
            EventPayload::Response(ResponseEvent::Created { response: left, class: ResponseClass::Text }),
        )
        .await;
        node.tell(asks.user, EventPayload::Response(ResponseEvent::MarkedHelpful(left))).await;
        let next = answer(&node, helps.user, asks.user).await;
        node.tell(asks.user, EventPayload::Response(ResponseEvent::MarkedHelpful(next))).await;
        assert_eq!(asking.event().await["notice"]["responseId"], next.response.to_string());
        assert_eq!(helping.event().await["notice"]["responseId"], next.response.to_string());
    });
}

#[test]
fn a_milestone_is_told_to_its_owner_alone_and_once_however_often_its_fact_comes() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (ann, bob) = two();
        let [mut hers, mut her_other, mut his] =
            [node.client(&ann).await, node.client(&ann).await, node.client(&bob).await];
        let position = hers.subscribe("user").await;
        her_other.subscribe("user").await;
        for channel in ["user", "feed", "staff:queue"] {
            his.subscribe(channel).await;
        }
        let told = node.tell(ann.user, EventPayload::Progress(ProgressEvent::MilestoneReached { days: 7 })).await;
        for _ in 0..3 {
            node.tell_again(&told).await;
        }
        let about = answer(&node, bob.user, ann.user).await;
        for client in [&mut hers, &mut her_other] {
            let milestone = client.event().await;
            assert_eq!((text(&milestone["channel"]), text(&milestone["id"])), ("user".to_owned(), told.id.to_string()));
            assert_eq!(milestone["notice"], json!({ "kind": "NOTICE_KIND_MILESTONE_REACHED" }), "and not how far");
            assert_eq!(client.event().await["notice"]["responseId"], about.response.to_string(), "it came once");
        }
        let mut back = node.client(&ann).await;
        assert!(back.resume("user", &position).await);
        assert_eq!(back.events(2).await.0[0], told.id.to_string());
        // What he hears next is what is told next, on each of his channels.
        answer(&node, ann.user, bob.user).await;
        assert_eq!(his.event().await["notice"]["kind"], "NOTICE_KIND_RESPONSE_RECEIVED");
        let post = node.post(ann.user, 1).await;
        assert_eq!(his.events(1).await.0, post);
    });
}

#[test]
fn of_somebody_hidden_there_is_neither_an_answer_nor_a_notice() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (asks, hides) = two();
        node.slices.part(asks.user, hides.user);
        let about = about_response(hides.user, asks.user);
        let channel = format!("post:{}", about.post);
        let mut client = node.client(&asks).await;
        client.subscribe("user").await;
        client.subscribe(&channel).await;
        node.tell(
            hides.user,
            EventPayload::Response(ResponseEvent::Created { response: about, class: ResponseClass::Quick }),
        )
        .await;
        // The author of the post marks it: on its channel it is still an answer of somebody hidden.
        node.tell(asks.user, EventPayload::Response(ResponseEvent::MarkedHelpful(about))).await;
        let shown = answer(&node, member().user, asks.user).await;
        assert_eq!(client.event().await["notice"]["responseId"], shown.response.to_string());
        let mut update = about_post(&[]);
        update.post = about.post;
        node.tell(asks.user, EventPayload::Post(PostEvent::Updated(update))).await;
        assert!(client.event().await.get("postUpdated").is_some());
    });
}

#[test]
fn what_is_gone_is_not_shown_live_or_replayed_and_its_removal_is_told() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (ann, bob) = (member(), member().user);
        let position = node.client(&ann).await.subscribe("feed").await;
        let (expired, deleted, stays) = (about_post(&[]), about_post(&[]), about_post(&[]));
        for about in [&expired, &deleted, &stays] {
            node.tell(bob, EventPayload::Post(PostEvent::Created(about.clone()))).await;
        }
        node.slices.remove(expired.post);
        node.slices.remove(deleted.post);
        let removal = node.tell(bob, EventPayload::Post(PostEvent::Deleted(deleted))).await;

        let mut client = node.client(&ann).await;
        assert!(client.resume("feed", &position).await);
        assert_eq!(client.event().await["postCreated"]["id"], stays.post.to_string());
        assert_eq!(client.event().await["id"], removal.id.to_string());

        node.tell(bob, EventPayload::Post(PostEvent::Created(expired.clone()))).await;
        node.tell(bob, EventPayload::Post(PostEvent::Updated(expired.clone()))).await;
        let gone = client.event().await;
        assert_eq!(gone["postRemoved"]["postId"], expired.post.to_string(), "what changed and is not there is gone");
        let told = node.post(bob, 1).await;
        assert_eq!(client.events(1).await.0, told);
    });
}

#[test]
fn what_staff_take_away_is_gone_and_what_they_publish_or_give_back_is_there() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (ann, bob, hidden) = (member(), member().user, member().user);
        node.slices.part(ann.user, hidden);
        let (post, apart) = (about_post(&["grief"]), about_post(&["grief"]));
        let mut client = node.client(&ann).await;
        client.subscribe("category:grief").await;
        let moderated = |about: &PostRef, how| {
            EventPayload::Post(PostEvent::VisibilityChanged { post: about.clone(), change: how })
        };
        for how in
            [VisibilityChange::Held, VisibilityChange::Released, VisibilityChange::Removed, VisibilityChange::Restored]
        {
            node.tell(hidden, moderated(&apart, how)).await;
            node.tell(bob, moderated(&post, how)).await;
        }
        assert_eq!(client.event().await["postCreated"]["id"], post.post.to_string(), "what is held is not told");
        assert_eq!(client.event().await["postRemoved"]["postId"], post.post.to_string());
        assert_eq!(client.event().await["postCreated"]["id"], post.post.to_string());
    });
}

#[test]
fn what_has_left_the_feeds_is_told_to_who_listens_to_it_and_in_no_feed_live_or_replayed() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (ann, bob) = (member(), member().user);
        let left = about_post(&["grief"]);
        let own = format!("post:{}", left.post);
        node.slices.leave(left.post);
        let mut client = node.client(&ann).await;
        let position = client.subscribe("feed").await;
        client.subscribe("category:grief").await;
        let mut knowing = node.client(&ann).await;
        knowing.subscribe(&own).await;
        for (fact, shown) in [
            (EventPayload::Post(PostEvent::Updated(left.clone())), "postUpdated"),
            (EventPayload::Post(PostEvent::Restored(left.clone())), "postCreated"),
            (EventPayload::Post(PostEvent::SosResolved(left.clone())), "postUpdated"),
        ] {
            node.tell(bob, fact).await;
            assert!(knowing.event().await.get(shown).is_some());
        }
        let told = node.tell(bob, EventPayload::Post(PostEvent::Created(about_post(&["grief"])))).await.id.to_string();
        assert_eq!(client.events(2).await.0, [told.clone(), told.clone()]);
        let mut again = node.client(&ann).await;
        assert!(again.resume("feed", &position).await);
        assert_eq!(again.events(1).await.0, [told]);
    });
}

#[test]
fn what_cannot_be_read_at_once_is_tried_again_and_what_cannot_be_read_at_all_is_said_to_be_lost() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (ann, bob) = (member(), member().user);
        let mut client = node.client(&ann).await;
        let begin = client.subscribe("feed").await;
        node.slices.fail(2);
        let told = node.post(bob, 1).await;
        assert_eq!(client.events(1).await.0, told);

        node.slices.fail(3);
        node.post(bob, 1).await;
        let after = node.post(bob, 1).await;
        let lost = client.next().await;
        assert_eq!(lost["gap"]["channel"], "feed", "{lost}");
        assert_eq!(client.events(1).await.0, after, "the channel goes on");
        let mut again = node.client(&ann).await;
        assert!(again.resume("feed", &text(&lost["gap"]["position"])).await);
        assert_eq!(again.events(1).await.0, after, "the position of what is lost is one to come back with");

        // Another node, which has read nothing yet.
        let other = crate::harness::node(node.live.clone(), node.slices.clone(), Limits::default()).await;
        let mut replayed = other.client(&ann).await;
        node.slices.fail(3);
        assert!(replayed.resume("feed", &begin).await);
        assert_eq!(replayed.next().await["gap"]["channel"], "feed");
        replayed.events(1).await;
        assert_eq!(replayed.events(1).await.0, after);
    });
}

#[test]
fn those_who_come_back_together_share_what_is_read() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let position = node.client(&member()).await.subscribe("feed").await;
        let told = node.post(member().user, 50).await;
        let before = node.slices.reads();
        let mut clients = Vec::new();
        for _ in 0..20 {
            clients.push(node.client(&member()).await);
        }
        for client in &mut clients {
            assert!(client.resume("feed", &position).await);
            assert_eq!(client.events(50).await.0, told);
        }
        let reads = node.slices.reads() - before;
        assert!(reads <= 500, "{reads} reads for 20 replays of 50");
    });
}
