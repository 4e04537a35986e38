//! Frames carry the content at the time of delivery.

use futures_util::{SinkExt as _, StreamExt as _};
use kith_kernel::{
    EventPayload, PostEvent, ProgressEvent, ResponseEvent, UserId,
    event::{PostRef, ResponseClass, VisibilityChange},
};
use kith_proto::realtime::v1::{
    ClientFrame, Hello, ServerFrame, Subscribe, client_frame, event_frame::Payload, server_frame::Kind,
};
use kith_realtime::Limits;
use kith_testkit::{block_on, member};
use prost::Message as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Client, text},
    harness::{Node, ORIGIN, embedded, new_post, new_response, two_members},
};

/// Sends a Protobuf frame and returns the reply.
async fn request(client: &mut Client, kind: client_frame::Kind) -> Kind {
    let frame = ClientFrame { kind: Some(kind) }.encode_to_vec();
    client.0.send(Message::Binary(frame.into())).await.unwrap();
    receive(client).await
}

async fn receive(client: &mut Client) -> Kind {
    let Message::Binary(bytes) = client.0.next().await.unwrap().unwrap() else { panic!("frames are binary") };
    ServerFrame::decode(bytes).unwrap().kind.unwrap()
}

async fn publish_response(node: &Node, author: UserId, post_author: UserId) -> kith_kernel::event::ResponseRef {
    let response = new_response(author, post_author);
    node.publish(author, EventPayload::Response(ResponseEvent::Created { response, class: ResponseClass::Text })).await;
    response
}

#[test]
fn both_formats_carry_the_same_post() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let mut json = node.client(&member()).await;
        json.subscribe("feed").await;
        let mut binary = Client::try_open(&node.address, "kith.v1.proto", ORIGIN).await.unwrap();
        let ticket = node.slices.ticket(&member(), std::time::Duration::from_hours(1));
        assert!(matches!(request(&mut binary, client_frame::Kind::Hello(Hello { ticket })).await, Kind::Welcome(_)));
        let feed = Subscribe { channel: "feed".to_owned(), position: String::new() };
        assert!(matches!(request(&mut binary, client_frame::Kind::Subscribe(feed)).await, Kind::Subscribed(_)));

        let post_ref = new_post(&[]);
        node.publish(member().user, EventPayload::Post(PostEvent::Created(post_ref.clone()))).await;
        let shown = json.event().await;
        let Kind::Event(event) = receive(&mut binary).await else { panic!("an event") };
        let Some(Payload::PostCreated(post)) = event.payload else { panic!("a post") };
        assert_eq!(post.id, post_ref.post.to_string());
        assert_eq!(post.body, format!("the text of {}", post_ref.post));
        assert_eq!(text(&shown["postCreated"]["id"]), post.id);
        assert_eq!(text(&shown["postCreated"]["body"]), post.body);
        assert_eq!((text(&shown["id"]), text(&shown["position"])), (event.id, event.position));
    });
}

#[test]
fn a_post_event_reaches_all_its_channels_and_is_loaded_once() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let post_ref = new_post(&["grief", "sleep"]);
        let post_channel = format!("post:{}", post_ref.post);
        let channels = ["feed", "category:grief", "category:sleep", &post_channel];
        let mut clients = Vec::new();
        for channel in channels.iter().chain(&channels) {
            let mut client = node.client(&member()).await;
            client.subscribe(channel).await;
            clients.push((*channel, client));
        }
        let payloads = [
            (EventPayload::Post(PostEvent::Created(post_ref.clone())), "postCreated"),
            (EventPayload::Post(PostEvent::Updated(post_ref.clone())), "postUpdated"),
            (EventPayload::Post(PostEvent::SosResolved(post_ref.clone())), "postUpdated"),
            (EventPayload::Post(PostEvent::Deleted(post_ref.clone())), "postRemoved"),
            (EventPayload::Post(PostEvent::Restored(post_ref.clone())), "postCreated"),
        ];
        let author = member().user;
        for (payload, shown) in payloads {
            let created = matches!(payload, EventPayload::Post(PostEvent::Created(_)));
            let before = node.slices.reads();
            node.publish(author, payload).await;
            // A client cannot subscribe to a post before it exists.
            for (channel, client) in clients.iter_mut().filter(|(channel, _)| !created || *channel != post_channel) {
                let event = client.event().await;
                assert_eq!(event["channel"], *channel);
                assert!(event.get(shown).is_some(), "{shown} on {channel}: {event}");
            }
            assert_eq!(node.slices.reads() - before, usize::from(shown != "postRemoved"), "{shown}");
        }
    });
}

#[test]
fn a_response_appears_on_its_post_and_as_a_notice_without_content() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (asker, helper) = two_members();
        let (mut asker_client, mut helper_client) = (node.client(&asker).await, node.client(&helper).await);
        asker_client.subscribe("user").await;
        helper_client.subscribe("user").await;
        let response = new_response(helper.user, asker.user);
        let mut reader_client = node.client(&member()).await;
        reader_client.subscribe(&format!("post:{}", response.post)).await;

        let class = ResponseClass::Text;
        node.publish(helper.user, EventPayload::Response(ResponseEvent::Created { response, class })).await;
        let shown = reader_client.event().await;
        assert_eq!(shown["responseCreated"]["text"], format!("the text of {}", response.response));
        let notice = asker_client.event().await;
        assert_eq!(notice["channel"], "user");
        assert_eq!(notice["notice"]["kind"], "NOTICE_KIND_RESPONSE_RECEIVED");
        assert_eq!(notice["notice"]["responseId"], response.response.to_string());
        assert_eq!(notice["notice"]["postId"], response.post.to_string());
        assert!(!notice.to_string().contains("the text of"));

        node.publish(asker.user, EventPayload::Response(ResponseEvent::MarkedHelpful(response))).await;
        assert!(reader_client.event().await.get("responseUpdated").is_some());
        assert_eq!(helper_client.event().await["notice"]["kind"], "NOTICE_KIND_MARKED_HELPFUL");

        node.publish(helper.user, EventPayload::Response(ResponseEvent::Deleted { response, class })).await;
        assert_eq!(reader_client.event().await["responseRemoved"]["responseId"], response.response.to_string());

        // A response to one's own post causes no notice.
        publish_response(&node, asker.user, asker.user).await;
        let next = publish_response(&node, helper.user, asker.user).await;
        assert_eq!(asker_client.event().await["notice"]["responseId"], next.response.to_string());
    });
}

#[test]
fn no_notice_is_sent_about_a_post_that_its_recipient_cannot_see() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (asker, helper) = two_members();
        let (mut asker_client, mut helper_client) = (node.client(&asker).await, node.client(&helper).await);
        asker_client.subscribe("user").await;
        helper_client.subscribe("user").await;
        let left = new_response(helper.user, asker.user);
        for user in [asker.user, helper.user] {
            node.slices.hide(left.post, user);
        }
        node.publish(
            helper.user,
            EventPayload::Response(ResponseEvent::Created { response: left, class: ResponseClass::Text }),
        )
        .await;
        node.publish(asker.user, EventPayload::Response(ResponseEvent::MarkedHelpful(left))).await;
        let next = publish_response(&node, helper.user, asker.user).await;
        node.publish(asker.user, EventPayload::Response(ResponseEvent::MarkedHelpful(next))).await;
        assert_eq!(asker_client.event().await["notice"]["responseId"], next.response.to_string());
        assert_eq!(helper_client.event().await["notice"]["responseId"], next.response.to_string());
    });
}

#[test]
fn a_milestone_is_sent_only_to_its_owner_and_only_once() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (ann, bob) = two_members();
        let [mut hers, mut her_other, mut his] =
            [node.client(&ann).await, node.client(&ann).await, node.client(&bob).await];
        let position = hers.subscribe("user").await;
        her_other.subscribe("user").await;
        for channel in ["user", "feed", "staff:queue"] {
            his.subscribe(channel).await;
        }
        let milestone_event =
            node.publish(ann.user, EventPayload::Progress(ProgressEvent::MilestoneReached { days: 7 })).await;
        for _ in 0..3 {
            node.redeliver(&milestone_event).await;
        }
        let response = publish_response(&node, bob.user, ann.user).await;
        for client in [&mut hers, &mut her_other] {
            let milestone = client.event().await;
            assert_eq!(
                (text(&milestone["channel"]), text(&milestone["id"])),
                ("user".to_owned(), milestone_event.id.to_string())
            );
            assert_eq!(
                milestone["notice"],
                json!({ "kind": "NOTICE_KIND_MILESTONE_REACHED" }),
                "without the number of days"
            );
            assert_eq!(
                client.event().await["notice"]["responseId"],
                response.response.to_string(),
                "the milestone is sent once"
            );
        }
        let mut resumed = node.client(&ann).await;
        assert!(resumed.resume("user", &position).await);
        assert_eq!(resumed.events(2).await.0[0], milestone_event.id.to_string());
        // The next event on each of his channels is the next one that is published.
        publish_response(&node, ann.user, bob.user).await;
        assert_eq!(his.event().await["notice"]["kind"], "NOTICE_KIND_RESPONSE_RECEIVED");
        let post = node.post(ann.user, 1).await;
        assert_eq!(his.events(1).await.0, post);
    });
}

#[test]
fn responses_of_a_blocked_user_cause_neither_frames_nor_notices() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (asker, blocked) = two_members();
        node.slices.block(asker.user, blocked.user);
        let response = new_response(blocked.user, asker.user);
        let channel = format!("post:{}", response.post);
        let mut client = node.client(&asker).await;
        client.subscribe("user").await;
        client.subscribe(&channel).await;
        node.publish(
            blocked.user,
            EventPayload::Response(ResponseEvent::Created { response, class: ResponseClass::Quick }),
        )
        .await;
        // The author of the post is the actor, but on the channel of the post blocks apply to the author of the
        // response.
        node.publish(asker.user, EventPayload::Response(ResponseEvent::MarkedHelpful(response))).await;
        let shown = publish_response(&node, member().user, asker.user).await;
        assert_eq!(client.event().await["notice"]["responseId"], shown.response.to_string());
        let mut update = new_post(&[]);
        update.post = response.post;
        node.publish(asker.user, EventPayload::Post(PostEvent::Updated(update))).await;
        assert!(client.event().await.get("postUpdated").is_some());
    });
}

#[test]
fn removed_content_is_never_sent_and_its_removal_is() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (ann, bob) = (member(), member().user);
        let position = node.client(&ann).await.subscribe("feed").await;
        let (expired, deleted, stays) = (new_post(&[]), new_post(&[]), new_post(&[]));
        for post in [&expired, &deleted, &stays] {
            node.publish(bob, EventPayload::Post(PostEvent::Created(post.clone()))).await;
        }
        node.slices.remove(expired.post);
        node.slices.remove(deleted.post);
        let removal = node.publish(bob, EventPayload::Post(PostEvent::Deleted(deleted))).await;

        let mut client = node.client(&ann).await;
        assert!(client.resume("feed", &position).await);
        assert_eq!(client.event().await["postCreated"]["id"], stays.post.to_string());
        assert_eq!(client.event().await["id"], removal.id.to_string());

        node.publish(bob, EventPayload::Post(PostEvent::Created(expired.clone()))).await;
        node.publish(bob, EventPayload::Post(PostEvent::Updated(expired.clone()))).await;
        let removal = client.event().await;
        assert_eq!(
            removal["postRemoved"]["postId"],
            expired.post.to_string(),
            "updated content that no longer exists is sent as removed"
        );
        let event_ids = node.post(bob, 1).await;
        assert_eq!(client.events(1).await.0, event_ids);
    });
}

#[test]
fn moderation_removes_and_restores_content() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (ann, bob, hidden) = (member(), member().user, member().user);
        node.slices.block(ann.user, hidden);
        let (post, blocked) = (new_post(&["grief"]), new_post(&["grief"]));
        let mut client = node.client(&ann).await;
        client.subscribe("category:grief").await;
        let moderated =
            |post: &PostRef, change| EventPayload::Post(PostEvent::VisibilityChanged { post: post.clone(), change });
        for change in
            [VisibilityChange::Held, VisibilityChange::Released, VisibilityChange::Removed, VisibilityChange::Restored]
        {
            node.publish(hidden, moderated(&blocked, change)).await;
            node.publish(bob, moderated(&post, change)).await;
        }
        assert_eq!(client.event().await["postCreated"]["id"], post.post.to_string(), "held content is not sent");
        assert_eq!(client.event().await["postRemoved"]["postId"], post.post.to_string());
        assert_eq!(client.event().await["postCreated"]["id"], post.post.to_string());
    });
}

#[test]
fn a_post_outside_the_feeds_appears_only_on_its_own_channel() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (ann, bob) = (member(), member().user);
        let post = new_post(&["grief"]);
        let post_channel = format!("post:{}", post.post);
        node.slices.remove_from_feeds(post.post);
        let mut client = node.client(&ann).await;
        let position = client.subscribe("feed").await;
        client.subscribe("category:grief").await;
        let mut post_client = node.client(&ann).await;
        post_client.subscribe(&post_channel).await;
        for (payload, shown) in [
            (EventPayload::Post(PostEvent::Updated(post.clone())), "postUpdated"),
            (EventPayload::Post(PostEvent::Restored(post.clone())), "postCreated"),
            (EventPayload::Post(PostEvent::SosResolved(post.clone())), "postUpdated"),
        ] {
            node.publish(bob, payload).await;
            assert!(post_client.event().await.get(shown).is_some());
        }
        let event_id =
            node.publish(bob, EventPayload::Post(PostEvent::Created(new_post(&["grief"])))).await.id.to_string();
        assert_eq!(client.events(2).await.0, [event_id.clone(), event_id.clone()]);
        let mut again = node.client(&ann).await;
        assert!(again.resume("feed", &position).await);
        assert_eq!(again.events(1).await.0, [event_id]);
    });
}

#[test]
fn failed_loads_are_retried_and_then_reported_as_a_gap() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (ann, bob) = (member(), member().user);
        let mut client = node.client(&ann).await;
        let begin = client.subscribe("feed").await;
        node.slices.fail_reads(2);
        let event_ids = node.post(bob, 1).await;
        assert_eq!(client.events(1).await.0, event_ids);

        node.slices.fail_reads(3);
        node.post(bob, 1).await;
        let after = node.post(bob, 1).await;
        let lost = client.next().await;
        assert_eq!(lost["gap"]["channel"], "feed", "{lost}");
        assert_eq!(client.events(1).await.0, after, "the subscription continues");
        let mut again = node.client(&ann).await;
        assert!(again.resume("feed", &text(&lost["gap"]["position"])).await);
        assert_eq!(again.events(1).await.0, after, "a gap carries a position to resume from");

        // Another node, with an empty cache.
        let other = crate::harness::node(node.replay_log.clone(), node.slices.clone(), Limits::default()).await;
        let mut replayed = other.client(&ann).await;
        node.slices.fail_reads(3);
        assert!(replayed.resume("feed", &begin).await);
        assert_eq!(replayed.next().await["gap"]["channel"], "feed");
        replayed.events(1).await;
        assert_eq!(replayed.events(1).await.0, after);
    });
}

#[test]
fn concurrent_resumes_share_loaded_content() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let position = node.client(&member()).await.subscribe("feed").await;
        let event_ids = node.post(member().user, 50).await;
        let before = node.slices.reads();
        let mut clients = Vec::new();
        for _ in 0..20 {
            clients.push(node.client(&member()).await);
        }
        for client in &mut clients {
            assert!(client.resume("feed", &position).await);
            assert_eq!(client.events(50).await.0, event_ids);
        }
        let reads = node.slices.reads() - before;
        assert!(reads <= 500, "{reads} reads for 20 replays of 50");
    });
}
