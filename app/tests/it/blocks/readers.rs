//! Compares the responses of read methods for each user with the model.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    listeners::{Frame, Listener, text},
    scenario::{Response, Scenario},
};

type Ids = BTreeSet<String>;

impl Scenario {
    /// Calls every read method as every user.
    pub(super) async fn check_all(&self) {
        for user in 1..=4 {
            self.check_lists(user).await;
            for post in 0..self.posts.len() {
                self.check_post(user, post).await;
            }
            self.check_users(user).await;
        }
    }

    async fn check_lists(&self, user: usize) {
        let visible = |in_circle| -> Ids {
            let visible = (0..self.posts.len()).filter(|post| self.can_see(user, *post));
            visible
                .map(|post| &self.posts[post])
                .filter(|it| it.in_circle == in_circle)
                .map(|it| it.id.clone())
                .collect()
        };
        for (method, body) in [
            ("GetFeed", json!({ "order": "FEED_ORDER_LATEST", "pageSize": 100 })),
            ("GetFeed", json!({ "order": "FEED_ORDER_URGENT", "pageSize": 100 })),
            ("SearchPosts", json!({ "query": "anybody", "pageSize": 100 })),
        ] {
            let list = self.call(user, &format!("posts.v1.PostService/{method}"), body).await.unwrap();
            assert_eq!(ids(&list["posts"]), visible(false), "{method} for {user}");
        }
        let body = json!({ "circleId": self.circle, "pageSize": 100 });
        let feed = self.call(user, "circles.v1.CircleService/GetCircleFeed", body.clone()).await;
        let members = self.call(user, "circles.v1.CircleService/ListCircleMembers", body).await;
        assert_eq!(
            (feed.is_ok(), members.is_ok()),
            (self.is_member(user), self.is_member(user)),
            "circle lists for {user}"
        );
        let (Ok(feed), Ok(members)) = (feed, members) else { return };
        assert_eq!(ids(&feed["posts"]), visible(true), "circle feed for {user}");
        let members = members["members"].as_array().unwrap().len();
        let seen = (0..=4).filter(|other| self.is_member(*other) && !self.are_blocked(user, *other)).count();
        assert_eq!(members, seen, "members for {user}");
    }

    async fn check_post(&self, user: usize, post: usize) {
        let (body, sees) = (json!({ "postId": self.posts[post].id }), self.can_see(user, post));
        let found = self.call(user, "posts.v1.PostService/GetPost", body.clone()).await;
        let responses = self.call(user, "support.v1.SupportService/ListResponses", body).await;
        assert_eq!((found.is_ok(), responses.is_ok()), (sees, sees), "post {post} for {user}");
        let (Ok(found), Ok(responses)) = (found, responses) else { return };
        let visible = || self.existing_responses(post).filter(|answer| !self.are_blocked(user, answer.author));
        let count_visible = |is_quick| visible().filter(|answer| answer.is_quick == is_quick).count();
        let counts = (count(&found["post"]["responseCount"]), count(&found["post"]["supportCount"]));
        assert_eq!(counts, (count_visible(false), count_visible(true)), "counts for {user}");
        assert_eq!(ids(&responses["responses"]), visible().map(|answer| answer.id.clone()).collect::<Ids>());
    }

    async fn check_users(&self, user: usize) {
        for other in 1..=4 {
            let body = json!({ "personaId": self.users[other].persona });
            let profile = self.call(user, "users.v1.UserService/GetProfile", body).await;
            assert_eq!(profile.is_ok(), !self.are_blocked(user, other), "profile of {other} for {user}");
        }
        let stats = self.call(user, "support.v1.SupportService/GetSupportStats", json!({})).await.unwrap();
        let received = self.responses.iter().filter(|it| it.exists && self.posts[it.post].author == user);
        let received =
            received.filter(|answer| answer.author != user && !self.are_blocked(user, answer.author)).count();
        assert_eq!(count(&stats["received"]), received, "responses received by {user}");
    }

    fn existing_responses(&self, post: usize) -> impl Iterator<Item = &Response> {
        self.responses.iter().filter(move |answer| answer.post == post && answer.exists)
    }

    /// Creates one more event on every channel, so that surplus frames are detected, and then checks the replay of every
    /// channel from its start position.
    pub(super) async fn finish(&mut self) {
        self.apply(super::Action::Post(0)).await;
        for post in 0..self.posts.len() {
            if self.posts[post].exists {
                let body = json!({ "postId": self.posts[post].id, "text": "good night" });
                self.respond(0, post, "CreateResponse", body).await;
            }
        }
        self.apply(super::Action::Edit(self.posts.len() - 1)).await;
        self.check_all().await;
        for user in 1..=4 {
            self.check_replay(user).await;
        }
    }

    async fn check_replay(&self, user: usize) {
        let last = &self.posts.last().unwrap().id;
        let start_position = &self.users[user].listener.as_ref().unwrap().start_position;
        let frames = Listener::replay(self, user, "feed", start_position, last).await;
        for (index, post) in self.posts.iter().enumerate() {
            let shows_post = |(_, kind, id): &&Frame| *id == post.id && kind != "postRemoved";
            let is_visible = !post.in_circle && self.can_see(user, index);
            assert_eq!(frames.iter().any(|frame| shows_post(&frame)), is_visible, "replay of post {index} for {user}");
            assert!(!self.are_blocked(user, post.author) || frames.iter().all(|(_, _, id)| *id != post.id));
        }
        for (post, start_position) in
            self.users[user].subscriptions.iter().filter(|(post, _)| self.can_see(user, **post))
        {
            let channel = format!("post:{}", self.posts[*post].id);
            let last = &self.existing_responses(*post).last().unwrap().id;
            let frames = Listener::replay(self, user, &channel, start_position, last).await;
            for answer in self.responses.iter().filter(|answer| answer.post == *post) {
                let is_replayed = frames.iter().any(|(_, _, id)| *id == answer.id);
                assert!(
                    !is_replayed || !self.are_blocked(user, answer.author),
                    "the replay for {user} shows a blocked user"
                );
            }
        }
    }
}

fn ids(list: &Value) -> Ids {
    list.as_array().into_iter().flatten().map(|thing| text(&thing["id"])).collect()
}

/// Parses a 64-bit number in JSON. Zero is omitted there.
fn count(value: &Value) -> usize {
    value.as_str().map_or(0, |digits| digits.parse().unwrap())
}
