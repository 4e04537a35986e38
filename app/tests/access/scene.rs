//! The people and things of one cell.

use std::time::Duration;

use kernel::{Clock as _, UserId};
use proto::{METHODS, Shape};
use serde_json::{Value, json};

use crate::{
    Caller,
    house::{House, PASSWORD, Person, text},
};

/// The owner of a post and of what belongs to it, and who calls.
pub(crate) struct Scene<'a> {
    house: &'a House,
    caller: Caller,
    pub(crate) owner: Person,
    other: Person,
    helper: Person,
    /// The owner's SOS.
    pub(crate) post: String,
    pub(crate) etag: String,
    /// What somebody answered.
    pub(crate) answer: String,
    /// What the owner added.
    pub(crate) follow_up: String,
    token: Option<String>,
}

impl<'a> Scene<'a> {
    pub(crate) async fn set(house: &'a House, caller: Caller) -> Self {
        let (owner, helper, other) = (house.register().await, house.register().await, house.register().await);
        let post = json!({ "kind": "POST_KIND_SOS", "urgency": 5, "body": "is anybody there?" });
        let post = house.say("/kith.posts.v1.PostService/CreatePost", Some(&owner.access), &post).await.unwrap();
        let (etag, post) = (text(&post["post"]["etag"]), text(&post["post"]["id"]));
        let respond = async |person: &Person, words: &str| {
            let body = json!({ "postId": post, "text": words });
            let given = house.say("/kith.support.v1.SupportService/CreateResponse", Some(&person.access), &body).await;
            text(&given.unwrap()["response"]["id"])
        };
        let (answer, follow_up) = (respond(&helper, "I am").await, respond(&owner, "thank you").await);
        let block = async |who: &Person, whom: &Person| {
            let body = json!({ "personaId": whom.persona });
            house.say("/kith.users.v1.UserService/BlockUser", Some(&who.access), &body).await.unwrap();
        };
        if caller == Caller::Blocked {
            block(&owner, &other).await;
        }
        if caller == Caller::Blocking {
            block(&other, &owner).await;
        }
        let mut scene = Self { house, caller, owner, other, helper, post, etag, answer, follow_up, token: None };
        scene.token = scene.token().await;
        scene
    }

    async fn token(&self) -> Option<String> {
        match self.caller {
            Caller::Nobody => None,
            Caller::Forged => Some(forged(&self.other.access)),
            Caller::Expired => Some(self.expired().await),
            Caller::Refresh => Some(self.other.refresh.clone()),
            Caller::Owner => Some(self.owner.access.clone()),
            Caller::Stranger | Caller::Blocked | Caller::Blocking => Some(self.other.access.clone()),
            Caller::Suspended => {
                self.suspend().await;
                Some(self.other.access.clone())
            }
        }
    }

    /// A token whose time is over, while those of the others go on.
    async fn expired(&self) -> String {
        let old = self.house.register().await.access;
        self.house.clock.pass(Duration::from_mins(11));
        old
    }

    async fn suspend(&self) {
        let account = UserId::from_uuid(self.other.account.parse().unwrap());
        let until = self.house.clock.now().after(Duration::from_hours(24));
        self.house.app.ports.accounts.suspend(account, until, account).await.unwrap();
        // What is known of a session is known for a second.
        self.house.clock.pass(Duration::from_secs(1));
    }

    /// What the caller is answered.
    pub(crate) async fn call(&self, path: &str, body: Value) -> String {
        let method = METHODS.iter().find(|method| method.path == path).unwrap();
        let token = self.token.as_deref();
        let answer = match method.shape {
            Shape::Unary => self.house.say(path, token, &body).await,
            Shape::ServerStream | Shape::ClientStream => self.house.listen(path, token, &body).await,
        };
        answer.map_or_else(|code| code, |_| "ok".to_owned())
    }

    /// An address that nobody has, and a password.
    pub(crate) fn email(&self) -> Value {
        json!({ "email": self.house.address(), "password": PASSWORD })
    }

    pub(crate) fn login(&self) -> Value {
        json!({ "email": self.house.email, "password": PASSWORD })
    }

    /// The version of the caller's own profile; of the owner's, if the caller has none.
    pub(crate) async fn own_etag(&self) -> String {
        let path = "/kith.users.v1.UserService/GetMe";
        let mine = self.house.say(path, self.token.as_deref(), &json!({})).await;
        mine.map_or_else(|_| "1".to_owned(), |me| text(&me["me"]["etag"]))
    }

    /// The version of what the caller lets others see.
    pub(crate) async fn privacy_etag(&self) -> String {
        let path = "/kith.users.v1.UserService/GetPrivacySettings";
        let mine = self.house.say(path, self.token.as_deref(), &json!({})).await;
        mine.map_or_else(|_| "1".to_owned(), |mine| text(&mine["settings"]["etag"]))
    }

    /// The version of what the caller counts from.
    pub(crate) async fn streak_etag(&self) -> String {
        let path = "/kith.users.v1.ProgressService/GetStreak";
        let mine = self.house.say(path, self.token.as_deref(), &json!({})).await;
        mine.map_or_else(|_| "0".to_owned(), |mine| text(&mine["streak"]["etag"]))
    }

    /// A relapse that the owner has noted.
    pub(crate) async fn relapse(&self) -> String {
        if self.caller == Caller::Expired {
            return self.post.clone();
        }
        let path = "/kith.users.v1.ProgressService/RecordRelapse";
        let noted = self.house.say(path, Some(&self.owner.access), &json!({})).await.unwrap();
        text(&noted["relapse"]["id"])
    }

    /// A circle of the owner's, and as whom the helper is in it, or asks to be.
    pub(crate) async fn circle(&self, access: &str) -> (String, String) {
        if self.caller == Caller::Expired {
            return (self.post.clone(), self.owner.persona.clone());
        }
        let terms = json!({ "name": "early risers", "category": "sleep", "access": access, "maxMembers": 10 });
        let opened = self.of_circle("CreateCircle", &self.owner, &terms).await;
        let circle = text(&opened["circle"]["id"]);
        let joined = self.of_circle("JoinCircle", &self.helper, &json!({ "circleId": circle })).await;
        (circle, text(&joined["circle"]["persona"]["id"]))
    }

    /// The code of an invite to a circle of the owner's.
    pub(crate) async fn invite(&self) -> String {
        if self.caller == Caller::Expired {
            return "none".to_owned();
        }
        let (circle, _) = self.circle("CIRCLE_ACCESS_OPEN").await;
        text(&self.of_circle("CreateInvite", &self.owner, &json!({ "circleId": circle })).await["code"])
    }

    async fn of_circle(&self, method: &str, person: &Person, body: &Value) -> Value {
        let path = format!("/kith.circles.v1.CircleService/{method}");
        self.house.say(&path, Some(&person.access), body).await.unwrap()
    }

    /// The post, after its owner has deleted it.
    pub(crate) async fn deleted_post(&self) -> String {
        if self.caller == Caller::Expired {
            return self.post.clone();
        }
        let body = json!({ "postId": self.post });
        let path = "/kith.posts.v1.PostService/DeletePost";
        self.house.say(path, Some(&self.owner.access), &body).await.unwrap();
        self.post.clone()
    }
}

/// The same claims under a signature that is not ours.
fn forged(token: &str) -> String {
    let (claims, signature) = token.rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    format!("{claims}.{turned}")
}
