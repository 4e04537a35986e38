//! A private circle, from its first invite to its closure by staff. Members receive and read its content; to all other
//! users it does not exist.

use std::time::Duration;

use kith_testkit::block_on;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::{
    client::{CallError, Client, number, text},
    server::{Installation, Server, eventually, utf8},
    user::TestUser,
    websocket::Socket,
};

/// Maximum time for which a removed member can still receive events.
const MAX_LATENCY: Duration = Duration::from_secs(1);
/// Word that occurs only in the content of the circle.
const SECRET: &str = "marigold";

/// A private circle with its owner and members.
struct Circle {
    installation: Installation,
    server: Server,
    id: String,
    owner: TestUser,
    /// Members and their personas in the circle.
    members: Vec<(TestUser, String)>,
}

impl Circle {
    /// Creates a circle with an owner and this number of other members.
    async fn open(members: usize) -> Self {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let owner = TestUser::register(&Client::new(server.url())).await;
        let terms = json!({ "name": "The night shift", "about": SECRET, "rules": "be kind", "category": "sleep",
            "access": "CIRCLE_ACCESS_PRIVATE", "maxMembers": 20 });
        let id = text(&owner.call_ok("CreateCircle", &terms).await["circle"]["id"]);
        let mut circle = Self { installation, server, id, owner, members: Vec::new() };
        let code = circle.invite(20).await.0;
        for _ in 0..members {
            let user = TestUser::register(&circle.owner.client).await;
            let persona = accept_invite(&user, &code).await;
            assert_ne!(persona, user.persona, "a circle persona must differ from the public persona");
            circle.members.push((user, persona));
        }
        circle
    }

    /// Creates an invite and returns its code and its id.
    async fn invite(&self, uses: u32) -> (String, String) {
        let created = self.owner.call_ok("CreateInvite", &json!({ "circleId": self.id, "uses": uses })).await;
        (text(&created["code"]), text(&created["invite"]["id"]))
    }

    fn channel(&self) -> String {
        format!("circle:{}", self.id)
    }

    fn id_request(&self) -> Value {
        json!({ "circleId": self.id })
    }

    fn member_request(&self, persona: &str) -> Value {
        json!({ "circleId": self.id, "personaId": persona })
    }

    /// Creates a post in the circle and returns its id.
    async fn post(&self, author: &TestUser, body: &str) -> String {
        let post = json!({ "kind": "POST_KIND_QUESTION", "urgency": 2, "body": format!("{SECRET}: {body}"),
            "circleId": self.id });
        text(&author.call_ok("CreatePost", &post).await["post"]["id"])
    }

    /// Reads the circle, its members and its posts.
    async fn read(&self, member: &TestUser, post: &str) -> [Value; 5] {
        let mut circle = member.call_ok("GetCircle", &self.id_request()).await;
        let post = json!({ "postId": post });
        [
            circle["circle"].take(),
            member.call_ok("ListCircleMembers", &self.id_request()).await,
            member.call_ok("GetCircleFeed", &self.id_request()).await,
            member.call_ok("GetPost", &post).await,
            member.call_ok("ListResponses", &post).await,
        ]
    }

    /// Restarts the server on the same data folder and points all users to its new address.
    async fn restarted(self) -> Self {
        let Self { installation, server, id, owner, members } = self;
        server.stop().await;
        let server = installation.start().await;
        let url = server.url();
        let members = members.into_iter().map(|(user, persona)| (user.with_url(&url), persona)).collect();
        Self { owner: owner.with_url(&url), installation, server, id, members }
    }
}

/// Accepts an invite and returns the user's persona in the circle.
async fn accept_invite(user: &TestUser, code: &str) -> String {
    text(&user.call_ok("AcceptInvite", &json!({ "code": code })).await["circle"]["persona"]["id"])
}

fn is_not_found(response: Result<Value, CallError>) -> bool {
    response.is_err_and(|error| error.code == "not_found")
}

/// Content of the frame that reports a removed or unknown channel.
fn channel_not_found(channel: &str) -> Value {
    json!({ "channel": channel, "reason": "UNSUBSCRIBED_REASON_NOT_FOUND" })
}

/// Asserts that no call, list or channel reveals the circle to this user.
async fn assert_circle_hidden(circle: &Circle, user: &TestUser, post: &str, persona: &str, code: &str) {
    let (circle_id, member) = (circle.id_request(), circle.member_request(persona));
    let post_id = json!({ "postId": post });
    let with = |mut body: Value, field: &str, value: Value| {
        body[field] = value;
        body
    };
    let calls = [
        ("GetCircle", circle_id.clone()),
        ("GetCircle", with(circle_id.clone(), "inviteCode", json!(code))),
        ("UpdateCircle", with(circle_id.clone(), "etag", json!("1"))),
        ("ArchiveCircle", circle_id.clone()),
        ("JoinCircle", circle_id.clone()),
        ("LeaveCircle", circle_id.clone()),
        ("ListCircleMembers", circle_id.clone()),
        ("UpdateMemberRole", with(member.clone(), "role", json!("CIRCLE_ROLE_MEMBER"))),
        ("RemoveMember", member.clone()),
        ("BanMember", member.clone()),
        ("UnbanMember", member.clone()),
        ("ListJoinRequests", circle_id.clone()),
        ("DecideJoinRequest", with(member.clone(), "decision", json!("JOIN_DECISION_ADMIT"))),
        ("CreateInvite", circle_id.clone()),
        ("ListInvites", circle_id.clone()),
        ("RevokeInvite", with(circle_id.clone(), "inviteId", json!(circle.id))),
        ("AcceptInvite", json!({ "code": code })),
        ("ListCircleLog", circle_id.clone()),
        ("GetCircleFeed", circle_id.clone()),
        ("GetProfile", json!({ "personaId": persona })),
        ("GetPost", post_id.clone()),
        ("UpdatePostUrgency", with(with(post_id.clone(), "etag", json!("1")), "urgency", json!(1))),
        ("ListResponses", post_id.clone()),
        ("CreateResponse", with(post_id.clone(), "text", json!("hello?"))),
        ("QuickSupport", with(post_id, "kind", json!("QUICK_KIND_HUG"))),
        (
            "CreatePost",
            with(json!({ "kind": "POST_KIND_QUESTION", "urgency": 2, "body": "hi" }), "circleId", json!(circle.id)),
        ),
        ("ReportContent", json!({ "kind": "SUBJECT_KIND_CIRCLE", "subjectId": circle.id, "reason": "REASON_OTHER" })),
        ("ReportContent", json!({ "kind": "SUBJECT_KIND_POST", "subjectId": post, "reason": "REASON_OTHER" })),
        ("ReportContent", json!({ "kind": "SUBJECT_KIND_PERSONA", "subjectId": persona, "reason": "REASON_OTHER" })),
    ];
    for (method, body) in calls {
        let response = user.call(method, &body).await;
        assert!(is_not_found(response.clone()), "{method}: {response:?}");
    }
    let lists = [
        ("GetFeed", json!({ "pageSize": 100 })),
        ("GetFeed", json!({ "pageSize": 100, "order": "FEED_ORDER_URGENT" })),
        ("SearchPosts", json!({ "query": SECRET })),
        ("ListCircles", json!({ "scope": "CIRCLE_SCOPE_PUBLIC", "pageSize": 100 })),
        ("ListCircles", json!({ "scope": "CIRCLE_SCOPE_OWN", "pageSize": 100 })),
    ];
    for (method, body) in lists {
        let response = user.call_ok(method, &body).await.to_string();
        assert!(
            ![&circle.id, post, persona, SECRET].iter().any(|part| response.contains(*part)),
            "{method}: {response}"
        );
    }
    let mut socket = Socket::connect(user).await;
    for channel in [circle.channel(), format!("post:{post}")] {
        socket.send(&json!({ "subscribe": { "channel": channel } })).await;
        assert_eq!(socket.next("unsubscribed").await, channel_not_found(&channel));
    }
}

#[test]
fn only_members_receive_and_read_a_private_circle_before_and_after_a_restart() {
    block_on(async {
        let mut circle = Circle::open(2).await;
        let outsider = TestUser::register(&circle.owner.client).await;
        let (revoked, invite) = circle.invite(5).await;
        circle.owner.call_ok("RevokeInvite", &json!({ "circleId": circle.id, "inviteId": invite })).await;

        let mut sockets = Vec::new();
        for (user, _) in &circle.members {
            let mut socket = Socket::connect(user).await;
            socket.subscribe(&circle.channel()).await;
            sockets.push(socket);
        }
        let mut public = Socket::connect(&outsider).await;
        for channel in ["feed", "category:sleep"] {
            public.subscribe(channel).await;
        }
        let post = circle.post(&circle.owner, "who is awake?").await;
        let (ann, anns_persona) = circle.members[0].clone();
        let owners_persona =
            text(&circle.owner.call_ok("GetCircle", &circle.id_request()).await["circle"]["persona"]["id"]);
        for socket in &mut sockets {
            let event = socket.payload(&circle.channel(), "postCreated").await;
            assert_eq!((text(&event["id"]), text(&event["author"]["id"])), (post.clone(), owners_persona.clone()));
        }
        let mut owners_socket = Socket::connect(&circle.owner).await;
        owners_socket.subscribe(&format!("post:{post}")).await;
        let response = ann.respond(&post, "I am").await;
        let event = owners_socket.payload(&format!("post:{post}"), "responseCreated").await;
        assert_eq!((text(&event["id"]), text(&event["author"]["id"])), (response, anns_persona.clone()));
        // The next event that outsiders receive is a public one.
        let public_post = outsider.create_sos("is anyone awake?").await;
        assert_eq!(text(&public.payload("feed", "postCreated").await["id"]), public_post);

        assert_circle_hidden(&circle, &outsider, &post, &anns_persona, &revoked).await;
        eventually("the response count", async || {
            let view = ann.call_ok("GetPost", &json!({ "postId": post })).await;
            (number(&view["post"]["responseCount"]) == 1).then_some(())
        })
        .await;
        let before = circle.read(&ann, &post).await;
        circle = circle.restarted().await;
        let (ann, outsider) = (circle.members[0].0.clone(), outsider.with_url(&circle.server.url()));
        assert_eq!(circle.read(&ann, &post).await, before, "the circle differs after the restart");
        assert_circle_hidden(&circle, &outsider, &post, &anns_persona, &revoked).await;

        let mut socket = Socket::connect(&ann).await;
        socket.subscribe(&circle.channel()).await;
        ann.call_ok("LeaveCircle", &circle.id_request()).await;
        assert_eq!(socket.next("unsubscribed").await, channel_not_found(&circle.channel()));
        assert_circle_hidden(&circle, &ann, &post, &owners_persona, &revoked).await;
        let (code, _) = circle.invite(1).await;
        assert_eq!(accept_invite(&ann, &code).await, anns_persona, "a returning member must get the same persona");
        assert_eq!(circle.read(&ann, &post).await, before);
        socket.subscribe(&circle.channel()).await;
        let later = circle.post(&circle.members[1].0, "good morning").await;
        assert_eq!(text(&socket.payload(&circle.channel(), "postCreated").await["id"]), later);
        circle.server.stop().await;
    });
}

#[test]
fn removed_members_receive_no_more_events_within_one_second_and_others_still_do() {
    block_on(async {
        let circle = Circle::open(4).await;
        let [(keeper, keepers_persona), (ann, anns_persona), (bob, bobs_persona), (carol, _)] =
            <[(TestUser, String); 4]>::try_from(circle.members.clone()).unwrap_or_else(|_| panic!("four"));
        let mut role = circle.member_request(&keepers_persona);
        role["role"] = json!("CIRCLE_ROLE_KEEPER");
        circle.owner.call_ok("UpdateMemberRole", &role).await;
        let post = circle.post(&circle.owner, "who is awake?").await;
        let post_channel = format!("post:{post}");
        let mut sockets = Vec::new();
        for user in [&ann, &bob, &carol] {
            let mut socket = Socket::connect(user).await;
            for channel in [&circle.channel(), &post_channel, "feed"] {
                socket.subscribe(channel).await;
            }
            sockets.push(socket);
        }
        for (nth, (method, persona)) in
            [("RemoveMember", &anns_persona), ("BanMember", &bobs_persona)].into_iter().enumerate()
        {
            keeper.call_ok(method, &circle.member_request(persona)).await;
            let begin = Instant::now();
            let mut frames = Vec::new();
            while frames.len() < 2 {
                let left = MAX_LATENCY.saturating_sub(begin.elapsed());
                let frame = timeout(left, sockets[nth].next("unsubscribed"))
                    .await
                    .expect("the subscription must end within 1 s");
                frames.push(frame);
            }
            assert!(
                frames.contains(&channel_not_found(&circle.channel()))
                    && frames.contains(&channel_not_found(&post_channel)),
                "{method}: {frames:?}"
            );
        }
        let circle_post = circle.post(&circle.owner, "good night").await;
        circle.owner.respond(&post, "is anyone there?").await;
        let public_post = circle.owner.create_sos("a public post").await;
        let carols_socket = &mut sockets[2];
        assert_eq!(text(&carols_socket.payload(&circle.channel(), "postCreated").await["id"]), circle_post);
        carols_socket.payload(&post_channel, "responseCreated").await;
        for socket in &mut sockets[..2] {
            let next = socket.event().await;
            assert_eq!((&next["channel"], text(&next["postCreated"]["id"])), (&json!("feed"), public_post.clone()));
        }
        let (code, _) = circle.invite(5).await;
        assert!(is_not_found(bob.call("AcceptInvite", &json!({ "code": code })).await), "a banned user was admitted");
        assert_circle_hidden(&circle, &bob, &post, &anns_persona, &code).await;
        assert_eq!(accept_invite(&ann, &code).await, anns_persona, "a removed member can rejoin");
        circle.server.stop().await;
    });
}

#[test]
fn closing_a_circle_ends_all_subscriptions_within_one_second() {
    block_on(async {
        let circle = Circle::open(2).await;
        let (ann, anns_persona) = circle.members[0].clone();
        let (moderator, outsider) =
            (TestUser::register(&circle.owner.client).await, TestUser::register(&circle.owner.client).await);
        let granted = circle.installation.run(&["grant", "--role", "moderator", &moderator.persona]);
        assert!(granted.status.success(), "{}", utf8(&granted.stderr));
        let post = circle.post(&circle.owner, "send me money").await;
        let mut sockets = Vec::new();
        for user in [&circle.owner, &ann] {
            let mut socket = Socket::connect(user).await;
            socket.subscribe(&circle.channel()).await;
            sockets.push(socket);
        }
        let report = json!({ "kind": "SUBJECT_KIND_CIRCLE", "subjectId": circle.id, "reason": "REASON_SCAM" });
        ann.call_ok("ReportContent", &report).await;
        let cases = eventually("a case", async || moderator.call("ListCases", &json!({})).await.ok()).await;
        let case = json!({ "caseId": cases["cases"][0]["id"] });
        let assigned = moderator.call_ok("AssignCase", &case).await;
        let mut decision = json!({ "action": "ACTION_REMOVE", "rule": "no scams", "statement": "it asks for money" });
        decision["caseId"] = case["caseId"].clone();
        decision["etag"] = assigned["case"]["etag"].clone();
        moderator.call_ok("DecideCase", &decision).await;
        let begin = Instant::now();
        for socket in &mut sockets {
            let left = MAX_LATENCY.saturating_sub(begin.elapsed());
            let frame = timeout(left, socket.next("unsubscribed")).await.expect("the subscription must end within 1 s");
            assert_eq!(frame, channel_not_found(&circle.channel()));
        }
        let error = circle.owner.call("CreateInvite", &circle.id_request()).await.unwrap_err();
        assert_eq!(error.reason, "CIRCLE_CLOSED");
        assert_circle_hidden(&circle, &outsider, &post, &anns_persona, "none").await;
        let view = ann.call_ok("GetCircle", &circle.id_request()).await;
        assert!(view["circle"]["closedAt"].is_string() && !view.to_string().contains(SECRET), "{view}");
        assert!(is_not_found(ann.call("GetPost", &json!({ "postId": post })).await));
        circle.server.stop().await;
    });
}
