//! The people and things of one cell.

use std::time::Duration;

use kith_kernel::{Clock as _, actor::Role};
use kith_proto::{METHODS, MethodShape};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::{
    caller::{Caller, Place},
    house::{House, PASSWORD, Person, text},
};

const CREATE: &str = "/kith.posts.v1.PostService/CreatePost";
const REPORT: &str = "/kith.moderation.v1.ModerationService/ReportContent";
const ASSIGN: &str = "/kith.moderation.v1.ModerationService/AssignCase";

/// The owner of a post and of what belongs to it, and who calls.
pub(crate) struct Scene<'a> {
    house: &'a House,
    caller: Caller,
    place: Place,
    pub(crate) owner: Person,
    other: Person,
    helper: OnceCell<Person>,
    circle: Option<Circle>,
    /// The owner's SOS.
    pub(crate) post: String,
    pub(crate) etag: String,
    token: Option<String>,
}

/// The owner's circle.
pub(crate) struct Circle {
    pub(crate) id: String,
    /// Of an invite that has uses left.
    pub(crate) code: String,
    /// As whom the helper is in it.
    pub(crate) helper: String,
}

impl<'a> Scene<'a> {
    pub(crate) async fn set(house: &'a House, caller: Caller, place: Place) -> Self {
        // Time passes for this one before the others come.
        let token = if caller == Caller::Expired { Some(expired(house).await) } else { None };
        let (owner, other) = (house.meet().await, house.meet().await);
        let (helper, post, etag) = Default::default();
        let mut scene = Self { circle: None, house, caller, place, owner, other, helper, post, etag, token };
        if place.is_circle() || caller.needs_circle() {
            scene.open_circle().await;
            scene.stand_to_circle().await;
        }
        scene.write().await;
        scene.stand_to_owner().await;
        scene.token = scene.token.take().or_else(|| scene.brought());
        scene
    }

    async fn open_circle(&mut self) {
        let access = if self.place == Place::Private { "CIRCLE_ACCESS_PRIVATE" } else { "CIRCLE_ACCESS_BY_REQUEST" };
        let terms = json!({ "name": "early risers", "category": "sleep", "access": access, "maxMembers": 10 });
        let id = text(&self.does(&self.owner, "CreateCircle", &terms).await["circle"]["id"]);
        let invite = self.does(&self.owner, "CreateInvite", &json!({ "circleId": id, "uses": 9 })).await;
        let code = text(&invite["code"]);
        let helper = self.enter(self.helper().await, &code).await;
        self.circle = Some(Circle { id, code, helper });
    }

    async fn stand_to_circle(&self) {
        let circle = self.circle();
        if self.caller == Caller::Pending && self.place != Place::Private {
            self.does(&self.other, "JoinCircle", &json!({ "circleId": circle.id })).await;
        }
        if self.caller == Caller::Banned || (self.caller.is_inside() && !self.caller.is_owner()) {
            let persona = self.enter(&self.other, &circle.code).await;
            if self.caller.is_keeper() {
                let role = self.of_circle(json!({ "personaId": persona, "role": "CIRCLE_ROLE_KEEPER" }));
                self.does(&self.owner, "UpdateMemberRole", &role).await;
            }
            if self.caller == Caller::Banned {
                self.does(&self.owner, "BanMember", &self.of_circle(json!({ "personaId": persona }))).await;
            }
        }
    }

    async fn write(&mut self) {
        let body = json!({ "kind": "POST_KIND_SOS", "urgency": 5, "body": "is anybody there?" });
        let post = self.house.say(CREATE, Some(&self.owner.access), &self.placed(body)).await.unwrap();
        (self.etag, self.post) = (text(&post["post"]["etag"]), text(&post["post"]["id"]));
    }

    /// Who answers; a member of the circle.
    pub(crate) async fn helper(&self) -> &Person {
        self.helper.get_or_init(|| self.house.meet()).await
    }

    /// What the helper answered.
    pub(crate) async fn answer(&self) -> String {
        self.respond(self.helper().await, "I am").await
    }

    /// What the owner added.
    pub(crate) async fn follow_up(&self) -> String {
        self.respond(&self.owner, "thank you").await
    }

    async fn respond(&self, person: &Person, words: &str) -> String {
        let body = json!({ "postId": self.post, "text": words });
        let given = self.house.say("/kith.support.v1.SupportService/CreateResponse", Some(&person.access), &body).await;
        text(&given.unwrap()["response"]["id"])
    }

    async fn stand_to_owner(&self) {
        match self.caller {
            Caller::Blocked => self.block(&self.owner, &self.other).await,
            Caller::Blocking => self.block(&self.other, &self.owner).await,
            Caller::Suspended => self.suspend().await,
            Caller::Moderator | Caller::Keeping => self.house.give(&self.other, Role::Moderator).await,
            Caller::Reporting => {
                self.report(&self.other).await;
                self.house.give(&self.other, Role::Moderator).await;
            }
            Caller::Concerned => self.house.give(&self.owner, Role::Moderator).await,
            Caller::Admin => self.house.give(&self.other, Role::Admin).await,
            Caller::Nobody
            | Caller::Forged
            | Caller::Expired
            | Caller::Refresh
            | Caller::Stranger
            | Caller::Owner
            | Caller::Keeper
            | Caller::Member
            | Caller::Pending
            | Caller::Invited
            | Caller::Banned => {}
        }
    }

    async fn block(&self, who: &Person, whom: &Person) {
        let body = json!({ "personaId": whom.persona });
        self.house.say("/kith.users.v1.UserService/BlockUser", Some(&who.access), &body).await.unwrap();
    }

    async fn suspend(&self) {
        let account = self.house.user(&self.other).await;
        let until = self.house.clock.now().after(Duration::from_hours(24));
        self.house.app.ports.accounts.suspend(account, until, account).await.unwrap();
        // What is known of a session is known for a second.
        self.house.clock.advance(Duration::from_secs(1));
    }

    async fn report(&self, who: &Person) {
        let body = json!({ "kind": "SUBJECT_KIND_POST", "subjectId": self.post, "reason": "REASON_HARASSMENT" });
        self.house.say(REPORT, Some(&who.access), &body).await.unwrap();
    }

    /// What the caller brings.
    fn brought(&self) -> Option<String> {
        let who = if self.caller.is_owner() { &self.owner } else { &self.other };
        if self.caller == Caller::Nobody {
            return None;
        }
        if self.caller == Caller::Forged {
            return Some(forged(&who.access));
        }
        let is_refresh = self.caller == Caller::Refresh;
        Some(if is_refresh { who.refresh.clone() } else { who.access.clone() })
    }

    /// What the caller is answered.
    pub(crate) async fn call(&self, path: &str, body: Value) -> String {
        let method = METHODS.iter().find(|method| method.path == path).unwrap();
        let token = self.token.as_deref();
        let answer = match method.shape {
            MethodShape::Unary => self.house.say(path, token, &body).await,
            MethodShape::ServerStream | MethodShape::ClientStream => self.house.listen(path, token, &body).await,
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
        let path = "/kith.users.v1.ProgressService/RecordRelapse";
        let noted = self.house.say(path, Some(&self.owner.access), &json!({})).await.unwrap();
        text(&noted["relapse"]["id"])
    }

    /// The circle; of a cell that has one.
    pub(crate) fn circle(&self) -> &Circle {
        self.circle.as_ref().unwrap()
    }

    /// A request about the circle.
    pub(crate) fn of_circle(&self, mut body: Value) -> Value {
        body["circleId"] = json!(self.circle().id);
        body
    }

    /// A request to write where the thing is.
    fn placed(&self, body: Value) -> Value {
        if self.place.is_circle() { self.of_circle(body) } else { body }
    }

    /// A question, where the thing is.
    pub(crate) fn question(&self) -> Value {
        self.placed(json!({ "kind": "POST_KIND_QUESTION", "urgency": 2, "body": "does it get easier?" }))
    }

    async fn does(&self, person: &Person, method: &str, body: &Value) -> Value {
        let path = format!("/kith.circles.v1.CircleService/{method}");
        self.house.say(&path, Some(&person.access), body).await.unwrap()
    }

    /// As whom somebody is in the circle who had the code.
    async fn enter(&self, person: &Person, code: &str) -> String {
        let entered = self.does(person, "AcceptInvite", &json!({ "code": code })).await;
        text(&entered["circle"]["persona"]["id"])
    }

    /// As whom somebody asks to be let into the circle.
    pub(crate) async fn asker(&self) -> String {
        let asker = self.house.meet().await;
        let request = self.does(&asker, "JoinCircle", &self.of_circle(json!({}))).await;
        text(&request["circle"]["persona"]["id"])
    }

    /// The case about the post, which the helper has reported.
    pub(crate) async fn case(&self) -> Value {
        self.report(self.helper().await).await;
        let clerk = self.house.enter(&self.house.clerk).await;
        let mut token = String::new();
        loop {
            let body = json!({ "pageSize": 100, "pageToken": token });
            let page = self.house.say("/kith.moderation.v1.ModerationService/ListCases", Some(&clerk), &body).await;
            let page = page.unwrap();
            let mut cases = page["cases"].as_array().into_iter().flatten();
            if let Some(case) = cases.find(|case| case["subjectId"] == json!(self.post)) {
                return case.clone();
            }
            page["nextPageToken"].as_str().unwrap().clone_into(&mut token);
            assert!(!token.is_empty(), "there is no case about {}", self.post);
        }
    }

    /// The case, taken by the caller if they can.
    pub(crate) async fn taken_case(&self) -> Value {
        let case = self.case().await;
        let taken = self.house.say(ASSIGN, self.token.as_deref(), &json!({ "caseId": case["id"] })).await;
        taken.map_or(case, |taken| taken["case"].clone())
    }

    /// A decision that concerns the owner.
    pub(crate) async fn decision(&self) -> String {
        let case = self.case().await;
        let clerk = self.house.enter(&self.house.clerk).await;
        let taken = self.house.say(ASSIGN, Some(&clerk), &json!({ "caseId": case["id"] })).await.unwrap();
        let body = json!({
            "caseId": case["id"],
            "etag": taken["case"]["etag"],
            "action": "ACTION_WARN",
            "rule": "be kind",
            "statement": "not here",
        });
        let path = "/kith.moderation.v1.ModerationService/DecideCase";
        text(&self.house.say(path, Some(&clerk), &body).await.unwrap()["decision"]["id"])
    }

    /// The version of the rules of the screen.
    pub(crate) async fn rules_etag(&self) -> String {
        let clerk = self.house.enter(&self.house.clerk).await;
        let path = "/kith.screening.v1.ScreeningService/ListRules";
        text(&self.house.say(path, Some(&clerk), &json!({})).await.unwrap()["etag"])
    }

    /// The helper, who is one of the staff by then.
    pub(crate) async fn helped_staff(&self) -> String {
        let helper = self.helper().await;
        self.house.give(helper, Role::Moderator).await;
        helper.persona.clone()
    }

    /// What comes of listening to this channel: `ok`, or what it is refused with.
    pub(crate) async fn hear(&self, channel: &str) -> String {
        match self.house.hear(self.token.as_deref(), channel).await {
            Ok(()) => "ok".to_owned(),
            Err(refusal) => refusal,
        }
    }

    /// The post, after its owner has deleted it.
    pub(crate) async fn deleted_post(&self) -> String {
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

/// A token whose time is over.
async fn expired(house: &House) -> String {
    let old = house.meet().await.access;
    house.clock.advance(Duration::from_mins(11));
    old
}
