//! A private circle, from its first invite to the day on which staff close it: who is in it hears and reads, and nobody
//! else finds anything.

use std::time::Duration;

use kith_testkit::block_on;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::{
    client::{Client, Refused, number, text},
    people::Person,
    server::{Home, Server, said, soon},
    socket::Socket,
};

/// How long somebody who is put out may still be told anything.
const AT_ONCE: Duration = Duration::from_secs(1);
/// What is said in the circle and nowhere else.
const SECRET: &str = "marigold";

/// A private circle and its people.
struct Circle {
    home: Home,
    server: Server,
    id: String,
    owner: Person,
    /// Those who are in it, each with as whom they are there.
    members: Vec<(Person, String)>,
}

impl Circle {
    /// With so many members beside its owner.
    async fn open(members: usize) -> Self {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let owner = Person::register(&Client::to(server.url())).await;
        let terms = json!({ "name": "The night shift", "about": SECRET, "rules": "be kind", "category": "sleep",
            "access": "CIRCLE_ACCESS_PRIVATE", "maxMembers": 20 });
        let id = text(&owner.does("CreateCircle", &terms).await["circle"]["id"]);
        let mut circle = Self { home, server, id, owner, members: Vec::new() };
        let code = circle.invite(20).await.0;
        for _ in 0..members {
            let person = Person::register(&circle.owner.client).await;
            let persona = accepted(&person, &code).await;
            assert_ne!(persona, person.persona, "in a circle everybody appears as somebody else");
            circle.members.push((person, persona));
        }
        circle
    }

    /// The code of a way in, and the way itself.
    async fn invite(&self, uses: u32) -> (String, String) {
        let made = self.owner.does("CreateInvite", &json!({ "circleId": self.id, "uses": uses })).await;
        (text(&made["code"]), text(&made["invite"]["id"]))
    }

    fn channel(&self) -> String {
        format!("circle:{}", self.id)
    }

    fn of(&self) -> Value {
        json!({ "circleId": self.id })
    }

    fn about(&self, persona: &str) -> Value {
        json!({ "circleId": self.id, "personaId": persona })
    }

    /// The id of a post in the circle.
    async fn post(&self, by: &Person, words: &str) -> String {
        let post = json!({ "kind": "POST_KIND_QUESTION", "urgency": 2, "body": format!("{SECRET}: {words}"),
            "circleId": self.id });
        text(&by.does("CreatePost", &post).await["post"]["id"])
    }

    /// What a member reads in it, from the first to the last.
    async fn read(&self, by: &Person, post: &str) -> [Value; 5] {
        let mut circle = by.does("GetCircle", &self.of()).await;
        let post = json!({ "postId": post });
        [
            circle["circle"].take(),
            by.does("ListCircleMembers", &self.of()).await,
            by.does("GetCircleFeed", &self.of()).await,
            by.does("GetPost", &post).await,
            by.does("ListResponses", &post).await,
        ]
    }

    /// Ends the server, starts it once more on what is there, and sends everybody to where it is now.
    async fn restarted(self) -> Self {
        let Self { home, server, id, owner, members } = self;
        server.stop().await;
        let server = home.serve().await;
        let url = server.url();
        let members = members.into_iter().map(|(person, persona)| (person.moved(&url), persona)).collect();
        Self { owner: owner.moved(&url), home, server, id, members }
    }
}

/// As whom somebody is in the circle of this code now.
async fn accepted(person: &Person, code: &str) -> String {
    text(&person.does("AcceptInvite", &json!({ "code": code })).await["circle"]["persona"]["id"])
}

fn is_none(answer: Result<Value, Refused>) -> bool {
    answer.is_err_and(|refused| refused.code == "not_found")
}

/// A frame that says that there is no such channel, any more or ever.
fn gone(channel: &str) -> Value {
    json!({ "channel": channel, "reason": "UNSUBSCRIBED_REASON_NOT_FOUND" })
}

/// Nothing of the circle is there for this person.
async fn finds_nothing(circle: &Circle, person: &Person, post: &str, persona: &str, code: &str) {
    let (of, about) = (circle.of(), circle.about(persona));
    let on = json!({ "postId": post });
    let with = |mut body: Value, field: &str, value: Value| {
        body[field] = value;
        body
    };
    let calls = [
        ("GetCircle", of.clone()),
        ("GetCircle", with(of.clone(), "inviteCode", json!(code))),
        ("UpdateCircle", with(of.clone(), "etag", json!("1"))),
        ("ArchiveCircle", of.clone()),
        ("JoinCircle", of.clone()),
        ("LeaveCircle", of.clone()),
        ("ListCircleMembers", of.clone()),
        ("UpdateMemberRole", with(about.clone(), "role", json!("CIRCLE_ROLE_MEMBER"))),
        ("RemoveMember", about.clone()),
        ("BanMember", about.clone()),
        ("UnbanMember", about.clone()),
        ("ListJoinRequests", of.clone()),
        ("DecideJoinRequest", with(about.clone(), "decision", json!("JOIN_DECISION_ADMIT"))),
        ("CreateInvite", of.clone()),
        ("ListInvites", of.clone()),
        ("RevokeInvite", with(of.clone(), "inviteId", json!(circle.id))),
        ("AcceptInvite", json!({ "code": code })),
        ("ListCircleLog", of.clone()),
        ("GetCircleFeed", of.clone()),
        ("GetProfile", json!({ "personaId": persona })),
        ("GetPost", on.clone()),
        ("UpdatePostUrgency", with(with(on.clone(), "etag", json!("1")), "urgency", json!(1))),
        ("ListResponses", on.clone()),
        ("CreateResponse", with(on.clone(), "text", json!("hello?"))),
        ("QuickSupport", with(on, "kind", json!("QUICK_KIND_HUG"))),
        (
            "CreatePost",
            with(json!({ "kind": "POST_KIND_QUESTION", "urgency": 2, "body": "hi" }), "circleId", json!(circle.id)),
        ),
        ("ReportContent", json!({ "kind": "SUBJECT_KIND_CIRCLE", "subjectId": circle.id, "reason": "REASON_OTHER" })),
        ("ReportContent", json!({ "kind": "SUBJECT_KIND_POST", "subjectId": post, "reason": "REASON_OTHER" })),
        ("ReportContent", json!({ "kind": "SUBJECT_KIND_PERSONA", "subjectId": persona, "reason": "REASON_OTHER" })),
    ];
    for (method, body) in calls {
        let answer = person.says(method, &body).await;
        assert!(is_none(answer.clone()), "{method}: {answer:?}");
    }
    let lists = [
        ("GetFeed", json!({ "pageSize": 100 })),
        ("GetFeed", json!({ "pageSize": 100, "order": "FEED_ORDER_URGENT" })),
        ("SearchPosts", json!({ "query": SECRET })),
        ("ListCircles", json!({ "scope": "CIRCLE_SCOPE_PUBLIC", "pageSize": 100 })),
        ("ListCircles", json!({ "scope": "CIRCLE_SCOPE_OWN", "pageSize": 100 })),
    ];
    for (method, body) in lists {
        let answer = person.does(method, &body).await.to_string();
        assert!(![&circle.id, post, persona, SECRET].iter().any(|part| answer.contains(*part)), "{method}: {answer}");
    }
    let mut socket = Socket::of(person).await;
    for channel in [circle.channel(), format!("post:{post}")] {
        socket.say(&json!({ "subscribe": { "channel": channel } })).await;
        assert_eq!(socket.next("unsubscribed").await, gone(&channel));
    }
}

#[test]
fn a_private_circle_is_heard_and_read_by_its_members_and_by_nobody_else_before_and_after_a_restart() {
    block_on(async {
        let mut circle = Circle::open(2).await;
        let outsider = Person::register(&circle.owner.client).await;
        let (ended, invite) = circle.invite(5).await;
        circle.owner.does("RevokeInvite", &json!({ "circleId": circle.id, "inviteId": invite })).await;

        let mut sockets = Vec::new();
        for (person, _) in &circle.members {
            let mut socket = Socket::of(person).await;
            socket.subscribe(&circle.channel()).await;
            sockets.push(socket);
        }
        let mut public = Socket::of(&outsider).await;
        for channel in ["feed", "category:sleep"] {
            public.subscribe(channel).await;
        }
        let post = circle.post(&circle.owner, "who is awake?").await;
        let (ann, in_it) = circle.members[0].clone();
        let as_owner = text(&circle.owner.does("GetCircle", &circle.of()).await["circle"]["persona"]["id"]);
        for socket in &mut sockets {
            let heard = socket.fact(&circle.channel(), "postCreated").await;
            assert_eq!((text(&heard["id"]), text(&heard["author"]["id"])), (post.clone(), as_owner.clone()));
        }
        let mut waiting = Socket::of(&circle.owner).await;
        waiting.subscribe(&format!("post:{post}")).await;
        let answer = ann.answers(&post, "I am").await;
        let heard = waiting.fact(&format!("post:{post}"), "responseCreated").await;
        assert_eq!((text(&heard["id"]), text(&heard["author"]["id"])), (answer, in_it.clone()));
        // What outsiders hear next is what was said to all.
        let open = outsider.sos("nobody is awake").await;
        assert_eq!(text(&public.fact("feed", "postCreated").await["id"]), open);

        finds_nothing(&circle, &outsider, &post, &in_it, &ended).await;
        soon("the count of answers", async || {
            let seen = ann.does("GetPost", &json!({ "postId": post })).await;
            (number(&seen["post"]["responseCount"]) == 1).then_some(())
        })
        .await;
        let before = circle.read(&ann, &post).await;
        circle = circle.restarted().await;
        let (ann, outsider) = (circle.members[0].0.clone(), outsider.moved(&circle.server.url()));
        assert_eq!(circle.read(&ann, &post).await, before, "all of it is still there");
        finds_nothing(&circle, &outsider, &post, &in_it, &ended).await;

        let mut listening = Socket::of(&ann).await;
        listening.subscribe(&circle.channel()).await;
        ann.does("LeaveCircle", &circle.of()).await;
        assert_eq!(listening.next("unsubscribed").await, gone(&circle.channel()));
        finds_nothing(&circle, &ann, &post, &as_owner, &ended).await;
        let (code, _) = circle.invite(1).await;
        assert_eq!(accepted(&ann, &code).await, in_it, "who comes back is who they were");
        assert_eq!(circle.read(&ann, &post).await, before);
        listening.subscribe(&circle.channel()).await;
        let later = circle.post(&circle.members[1].0, "good morning").await;
        assert_eq!(text(&listening.fact(&circle.channel(), "postCreated").await["id"]), later);
        circle.server.stop().await;
    });
}

#[test]
fn who_is_put_out_hears_nothing_more_within_a_second_and_the_others_go_on() {
    block_on(async {
        let circle = Circle::open(4).await;
        let [(keeper, as_keeper), (ann, in_it), (bob, his), (carol, _)] =
            <[(Person, String); 4]>::try_from(circle.members.clone()).unwrap_or_else(|_| panic!("four"));
        let mut role = circle.about(&as_keeper);
        role["role"] = json!("CIRCLE_ROLE_KEEPER");
        circle.owner.does("UpdateMemberRole", &role).await;
        let post = circle.post(&circle.owner, "who is awake?").await;
        let on = format!("post:{post}");
        let mut sockets = Vec::new();
        for person in [&ann, &bob, &carol] {
            let mut socket = Socket::of(person).await;
            for channel in [&circle.channel(), &on, "feed"] {
                socket.subscribe(channel).await;
            }
            sockets.push(socket);
        }
        for (nth, (method, persona)) in [("RemoveMember", &in_it), ("BanMember", &his)].into_iter().enumerate() {
            keeper.does(method, &circle.about(persona)).await;
            let begin = Instant::now();
            let mut ended = Vec::new();
            while ended.len() < 2 {
                let left = AT_ONCE.saturating_sub(begin.elapsed());
                let frame = timeout(left, sockets[nth].next("unsubscribed")).await.expect("it stops within 1 s");
                ended.push(frame);
            }
            assert!(ended.contains(&gone(&circle.channel())) && ended.contains(&gone(&on)), "{method}: {ended:?}");
        }
        let told = circle.post(&circle.owner, "good night").await;
        circle.owner.answers(&post, "nobody?").await;
        let open = circle.owner.sos("said to all").await;
        let carols = &mut sockets[2];
        assert_eq!(text(&carols.fact(&circle.channel(), "postCreated").await["id"]), told);
        carols.fact(&on, "responseCreated").await;
        for socket in &mut sockets[..2] {
            let next = socket.event().await;
            assert_eq!((&next["channel"], text(&next["postCreated"]["id"])), (&json!("feed"), open.clone()));
        }
        let (code, _) = circle.invite(5).await;
        assert!(is_none(bob.says("AcceptInvite", &json!({ "code": code })).await), "a ban holds");
        finds_nothing(&circle, &bob, &post, &in_it, &code).await;
        assert_eq!(accepted(&ann, &code).await, in_it, "who was removed may come back");
        circle.server.stop().await;
    });
}

#[test]
fn what_staff_close_ends_for_all_who_listen_within_a_second() {
    block_on(async {
        let circle = Circle::open(2).await;
        let (ann, in_it) = circle.members[0].clone();
        let (judge, outsider) =
            (Person::register(&circle.owner.client).await, Person::register(&circle.owner.client).await);
        let granted = circle.home.ask(&["grant", "--role", "moderator", &judge.persona]);
        assert!(granted.status.success(), "{}", said(&granted.stderr));
        let post = circle.post(&circle.owner, "send me money").await;
        let mut sockets = Vec::new();
        for person in [&circle.owner, &ann] {
            let mut socket = Socket::of(person).await;
            socket.subscribe(&circle.channel()).await;
            sockets.push(socket);
        }
        let report = json!({ "kind": "SUBJECT_KIND_CIRCLE", "subjectId": circle.id, "reason": "REASON_SCAM" });
        ann.does("ReportContent", &report).await;
        let cases = soon("a case", async || judge.says("ListCases", &json!({})).await.ok()).await;
        let of = json!({ "caseId": cases["cases"][0]["id"] });
        let taken = judge.does("AssignCase", &of).await;
        let mut verdict = json!({ "action": "ACTION_REMOVE", "rule": "no scams", "statement": "it asks for money" });
        verdict["caseId"] = of["caseId"].clone();
        verdict["etag"] = taken["case"]["etag"].clone();
        judge.does("DecideCase", &verdict).await;
        let begin = Instant::now();
        for socket in &mut sockets {
            let left = AT_ONCE.saturating_sub(begin.elapsed());
            let frame = timeout(left, socket.next("unsubscribed")).await.expect("it stops within 1 s");
            assert_eq!(frame, gone(&circle.channel()));
        }
        let refused = circle.owner.says("CreateInvite", &circle.of()).await.unwrap_err();
        assert_eq!(refused.reason, "CIRCLE_CLOSED");
        finds_nothing(&circle, &outsider, &post, &in_it, "none").await;
        let seen = ann.does("GetCircle", &circle.of()).await;
        assert!(seen["circle"]["closedAt"].is_string() && !seen.to_string().contains(SECRET), "{seen}");
        assert!(is_none(ann.says("GetPost", &json!({ "postId": post })).await));
        circle.server.stop().await;
    });
}
