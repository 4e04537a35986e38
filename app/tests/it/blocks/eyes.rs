//! What each of the four reads, compared with what they may see.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    ears::{Ears, Frame, text},
    town::{Answer, Town},
};

type Ids = BTreeSet<String>;

impl Town {
    /// Everybody looks everywhere.
    pub(super) async fn look(&self) {
        for who in 1..=4 {
            self.look_at_lists(who).await;
            for post in 0..self.posts.len() {
                self.look_at_post(who, post).await;
            }
            self.look_at_people(who).await;
        }
    }

    async fn look_at_lists(&self, who: usize) {
        let visible = |is_inside| -> Ids {
            let there = (0..self.posts.len()).filter(|post| self.sees(who, *post));
            there.map(|post| &self.posts[post]).filter(|it| it.is_inside == is_inside).map(|it| it.id.clone()).collect()
        };
        for (method, body) in [
            ("GetFeed", json!({ "order": "FEED_ORDER_LATEST", "pageSize": 100 })),
            ("GetFeed", json!({ "order": "FEED_ORDER_URGENT", "pageSize": 100 })),
            ("SearchPosts", json!({ "query": "anybody", "pageSize": 100 })),
        ] {
            let list = self.call(who, &format!("posts.v1.PostService/{method}"), body).await.unwrap();
            assert_eq!(ids(&list["posts"]), visible(false), "{method} for {who}");
        }
        let body = json!({ "circleId": self.circle, "pageSize": 100 });
        let feed = self.call(who, "circles.v1.CircleService/GetCircleFeed", body.clone()).await;
        let members = self.call(who, "circles.v1.CircleService/ListCircleMembers", body).await;
        assert_eq!((feed.is_ok(), members.is_ok()), (self.inside(who), self.inside(who)), "{who} looks inside");
        let (Ok(feed), Ok(members)) = (feed, members) else { return };
        assert_eq!(ids(&feed["posts"]), visible(true), "the circle for {who}");
        let members = members["members"].as_array().unwrap().len();
        let seen = (0..=4).filter(|other| self.inside(*other) && !self.apart(who, *other)).count();
        assert_eq!(members, seen, "members for {who}");
    }

    async fn look_at_post(&self, who: usize, post: usize) {
        let (body, sees) = (json!({ "postId": self.posts[post].id }), self.sees(who, post));
        let found = self.call(who, "posts.v1.PostService/GetPost", body.clone()).await;
        let answers = self.call(who, "support.v1.SupportService/ListResponses", body).await;
        assert_eq!((found.is_ok(), answers.is_ok()), (sees, sees), "{who} looks at {post}");
        let (Ok(found), Ok(answers)) = (found, answers) else { return };
        let visible = || self.living(post).filter(|answer| !self.apart(who, answer.author));
        let there = |is_quick| visible().filter(|answer| answer.is_quick == is_quick).count();
        let counts = (count(&found["post"]["responseCount"]), count(&found["post"]["supportCount"]));
        assert_eq!(counts, (there(false), there(true)), "those are counted whom {who} sees");
        assert_eq!(ids(&answers["responses"]), visible().map(|answer| answer.id.clone()).collect::<Ids>());
    }

    async fn look_at_people(&self, who: usize) {
        for other in 1..=4 {
            let body = json!({ "personaId": self.people[other].persona });
            let profile = self.call(who, "users.v1.UserService/GetProfile", body).await;
            assert_eq!(profile.is_ok(), !self.apart(who, other), "{who} looks at {other}");
        }
        let stats = self.call(who, "support.v1.SupportService/GetSupportStats", json!({})).await.unwrap();
        let got = self.answers.iter().filter(|it| it.is_there && self.posts[it.post].author == who);
        let got = got.filter(|answer| answer.author != who && !self.apart(who, answer.author)).count();
        assert_eq!(count(&stats["received"]), got, "what {who} got");
    }

    fn living(&self, post: usize) -> impl Iterator<Item = &Answer> {
        self.answers.iter().filter(move |answer| answer.post == post && answer.is_there)
    }

    /// Something more happens everywhere, so that whoever is told too much is heard to be; then all come back to where
    /// they began.
    pub(super) async fn end(&mut self) {
        self.live(super::Act::Post(0)).await;
        for post in 0..self.posts.len() {
            if self.posts[post].is_there {
                let body = json!({ "postId": self.posts[post].id, "text": "good night" });
                self.answer(0, post, "CreateResponse", body).await;
            }
        }
        self.live(super::Act::Edit(self.posts.len() - 1)).await;
        self.look().await;
        for who in 1..=4 {
            self.come_back(who).await;
        }
    }

    async fn come_back(&self, who: usize) {
        let last = &self.posts.last().unwrap().id;
        let began = &self.people[who].ears.as_ref().unwrap().began;
        let told = Ears::replay(self, who, "feed", began, last).await;
        for (index, post) in self.posts.iter().enumerate() {
            let of_it = |(_, what, id): &&Frame| *id == post.id && what != "postRemoved";
            let is_told = !post.is_inside && self.sees(who, index);
            assert_eq!(told.iter().any(|frame| of_it(&frame)), is_told, "{who} is told of {index} again");
            assert!(!self.apart(who, post.author) || told.iter().all(|(_, _, id)| *id != post.id));
        }
        for (post, began) in self.people[who].listens.iter().filter(|(post, _)| self.sees(who, **post)) {
            let channel = format!("post:{}", self.posts[*post].id);
            let last = &self.living(*post).last().unwrap().id;
            let told = Ears::replay(self, who, &channel, began, last).await;
            for answer in self.answers.iter().filter(|answer| answer.post == *post) {
                let is_told = told.iter().any(|(_, _, id)| *id == answer.id);
                assert!(!is_told || !self.apart(who, answer.author), "{who} is told of somebody hidden");
            }
        }
    }
}

fn ids(list: &Value) -> Ids {
    list.as_array().into_iter().flatten().map(|thing| text(&thing["id"])).collect()
}

/// A number of 64 bits in JSON, where none is left out.
fn count(value: &Value) -> usize {
    value.as_str().map_or(0, |digits| digits.parse().unwrap())
}
