//! Accounts and content of the cells.

use std::time::Duration;

use kith_kernel::{Clock as _, actor::Role, ports::AccountDirectory as _};
use kith_proto::{Method, MethodShape};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::{
    caller::{Caller, Location},
    test_server::{PASSWORD, TestServer, User, text},
};

const CREATE_POST: &str = "/kith.posts.v1.PostService/CreatePost";
const REPORT: &str = "/kith.moderation.v1.ModerationService/ReportContent";
const LIST_CASES: &str = "/kith.moderation.v1.ModerationService/ListCases";
const ASSIGN_CASE: &str = "/kith.moderation.v1.ModerationService/AssignCase";

/// The owner of a post, its circle, and the caller.
///
/// Several cells can share a scenario. So a method that prepares the request of a row must not change the result of
/// another row: it creates its own content, once, and never changes [`Scenario::post`] or the accounts.
pub(crate) struct Scenario<'a> {
    server: &'a TestServer,
    caller: Caller,
    location: Location,
    pub(crate) owner: User,
    /// Account of the caller, unless the caller is the owner.
    other: User,
    circle: Option<Circle>,
    /// The owner's SOS post.
    pub(crate) post: String,
    pub(crate) etag: String,
    token: Option<String>,
    helper: OnceCell<User>,
    response: OnceCell<String>,
    owner_response: OnceCell<String>,
    deleted_post: OnceCell<String>,
    relapse: OnceCell<String>,
    applicant: OnceCell<String>,
    case: OnceCell<Value>,
    decision: OnceCell<String>,
    staff_member: OnceCell<String>,
}

/// The owner's circle.
pub(crate) struct Circle {
    pub(crate) id: String,
    /// Code of an invite with remaining uses.
    pub(crate) invite_code: String,
    /// Persona of the helper in the circle.
    pub(crate) helper_persona: String,
}

impl<'a> Scenario<'a> {
    pub(crate) async fn create(server: &'a TestServer, caller: Caller, location: Location) -> Self {
        let mut scenario = Self {
            server,
            caller,
            location,
            owner: server.register().await,
            other: server.register().await,
            circle: None,
            post: String::new(),
            etag: String::new(),
            token: None,
            helper: OnceCell::new(),
            response: OnceCell::new(),
            owner_response: OnceCell::new(),
            deleted_post: OnceCell::new(),
            relapse: OnceCell::new(),
            applicant: OnceCell::new(),
            case: OnceCell::new(),
            decision: OnceCell::new(),
            staff_member: OnceCell::new(),
        };
        if location.is_circle() || caller.needs_circle() {
            scenario.create_circle().await;
            scenario.set_membership().await;
        }
        (scenario.post, scenario.etag) = scenario.create_post().await;
        scenario.set_relation_to_owner().await;
        scenario.token = scenario.caller_token();
        scenario
    }

    async fn create_circle(&mut self) {
        let is_private = self.location == Location::PrivateCircle;
        let access = if is_private { "CIRCLE_ACCESS_PRIVATE" } else { "CIRCLE_ACCESS_BY_REQUEST" };
        let settings = json!({ "name": "early risers", "category": "sleep", "access": access, "maxMembers": 10 });
        let id = text(&self.call_circles(&self.owner, "CreateCircle", &settings).await["circle"]["id"]);
        let invite = self.call_circles(&self.owner, "CreateInvite", &json!({ "circleId": id, "uses": 9 })).await;
        let invite_code = text(&invite["code"]);
        let helper_persona = self.accept_invite(self.helper().await, &invite_code).await;
        self.circle = Some(Circle { id, invite_code, helper_persona });
    }

    async fn set_membership(&self) {
        let circle = self.circle();
        if self.caller == Caller::Pending && self.location != Location::PrivateCircle {
            self.call_circles(&self.other, "JoinCircle", &json!({ "circleId": circle.id })).await;
        }
        if self.caller == Caller::Banned || (self.caller.is_member() && !self.caller.is_owner()) {
            let persona = self.accept_invite(&self.other, &circle.invite_code).await;
            if self.caller.is_keeper() {
                let role = self.circle_request(json!({ "personaId": persona, "role": "CIRCLE_ROLE_KEEPER" }));
                self.call_circles(&self.owner, "UpdateMemberRole", &role).await;
            }
            if self.caller == Caller::Banned {
                let ban = self.circle_request(json!({ "personaId": persona }));
                self.call_circles(&self.owner, "BanMember", &ban).await;
            }
        }
    }

    async fn set_relation_to_owner(&self) {
        match self.caller {
            Caller::BlockedByOwner => self.block(&self.owner, &self.other).await,
            Caller::BlockingOwner => self.block(&self.other, &self.owner).await,
            Caller::Suspended => self.suspend().await,
            Caller::Moderator | Caller::KeeperModerator => self.server.set_role(&self.other, Role::Moderator).await,
            Caller::ReportingModerator => {
                self.report(&self.other, &self.post).await;
                self.server.set_role(&self.other, Role::Moderator).await;
            }
            Caller::OwnerModerator => self.server.set_role(&self.owner, Role::Moderator).await,
            Caller::Admin => self.server.set_role(&self.other, Role::Admin).await,
            Caller::Anonymous
            | Caller::ForgedToken
            | Caller::ExpiredToken
            | Caller::RefreshToken
            | Caller::Stranger
            | Caller::Owner
            | Caller::Keeper
            | Caller::Member
            | Caller::Pending
            | Caller::Invited
            | Caller::Banned => {}
        }
    }

    /// Returns the token that the caller sends.
    fn caller_token(&self) -> Option<String> {
        let account = if self.caller.is_owner() { &self.owner } else { &self.other };
        match self.caller {
            Caller::Anonymous => None,
            Caller::ForgedToken => Some(with_foreign_signature(&account.access)),
            Caller::ExpiredToken => Some(self.server.expired_token.clone()),
            Caller::RefreshToken => Some(account.refresh.clone()),
            Caller::Stranger
            | Caller::Owner
            | Caller::Keeper
            | Caller::Member
            | Caller::Pending
            | Caller::Invited
            | Caller::Banned
            | Caller::BlockedByOwner
            | Caller::BlockingOwner
            | Caller::Suspended
            | Caller::Moderator
            | Caller::ReportingModerator
            | Caller::KeeperModerator
            | Caller::OwnerModerator
            | Caller::Admin => Some(account.access.clone()),
        }
    }

    /// Calls a method as the caller. Returns `ok` or the code of the error.
    pub(crate) async fn call(&self, method: &Method, body: Value) -> String {
        let token = self.token.as_deref();
        let result = match method.shape {
            MethodShape::Unary => self.server.call(method.path, token, &body).await,
            MethodShape::ServerStream | MethodShape::ClientStream => {
                self.server.start_stream(method.path, token, &body).await
            }
        };
        result.map_or_else(|code| code, |_| "ok".to_owned())
    }

    /// Subscribes to a channel as the caller. Returns `ok`, or the code or reason of the error.
    pub(crate) async fn subscribe(&self, channel: &str) -> String {
        let result = self.server.subscribe(self.token.as_deref(), channel).await;
        result.map_or_else(|error| error, |()| "ok".to_owned())
    }

    /// The circle of a scenario that has one.
    pub(crate) fn circle(&self) -> &Circle {
        self.circle.as_ref().unwrap()
    }

    /// Adds the id of the circle to a request.
    pub(crate) fn circle_request(&self, mut body: Value) -> Value {
        body["circleId"] = json!(self.circle().id);
        body
    }

    /// Adds the location to a request that creates content.
    fn located(&self, body: Value) -> Value {
        if self.location.is_circle() { self.circle_request(body) } else { body }
    }

    /// Request that creates a question in the location.
    pub(crate) fn new_question(&self) -> Value {
        self.located(json!({ "kind": "POST_KIND_QUESTION", "urgency": 2, "body": "does it get easier?" }))
    }

    /// Credentials for a registration with an unused address.
    pub(crate) fn new_credentials(&self) -> Value {
        json!({ "email": self.server.unused_email(), "password": PASSWORD })
    }

    /// Credentials of an existing account.
    pub(crate) fn credentials(&self) -> Value {
        json!({ "email": self.server.email, "password": PASSWORD })
    }

    /// Etag of the caller's profile, or a valid placeholder.
    pub(crate) async fn profile_etag(&self) -> String {
        let profile = self.get("/kith.users.v1.UserService/GetMe").await;
        profile.map_or_else(|_| "1".to_owned(), |it| text(&it["me"]["etag"]))
    }

    /// Etag of the caller's privacy settings, or a valid placeholder.
    pub(crate) async fn privacy_etag(&self) -> String {
        let settings = self.get("/kith.users.v1.UserService/GetPrivacySettings").await;
        settings.map_or_else(|_| "1".to_owned(), |it| text(&it["settings"]["etag"]))
    }

    /// Etag of the caller's streak, or a valid placeholder.
    pub(crate) async fn streak_etag(&self) -> String {
        let streak = self.get("/kith.users.v1.ProgressService/GetStreak").await;
        streak.map_or_else(|_| "0".to_owned(), |it| text(&it["streak"]["etag"]))
    }

    async fn get(&self, path: &str) -> Result<Value, String> {
        self.server.call(path, self.token.as_deref(), &json!({})).await
    }

    /// Etag of the screening rules.
    pub(crate) async fn rules_etag(&self) -> String {
        let moderator = self.server.log_in(&self.server.moderator).await;
        let path = "/kith.screening.v1.ScreeningService/ListRules";
        text(&self.server.call(path, Some(&moderator), &json!({})).await.unwrap()["etag"])
    }

    /// User who responds to and reports the owner's content. Member of the circle.
    pub(crate) async fn helper(&self) -> &User {
        self.helper.get_or_init(|| self.server.register()).await
    }

    /// The helper's response to the post.
    pub(crate) async fn response(&self) -> &str {
        self.response.get_or_init(async || self.respond(self.helper().await, "I am").await).await
    }

    /// The owner's response to the post.
    pub(crate) async fn owner_response(&self) -> &str {
        self.owner_response.get_or_init(|| self.respond(&self.owner, "thank you")).await
    }

    /// Another post of the owner, deleted.
    pub(crate) async fn deleted_post(&self) -> &str {
        let delete = async || {
            let (post, _) = self.create_post().await;
            let path = "/kith.posts.v1.PostService/DeletePost";
            self.server.call(path, Some(&self.owner.access), &json!({ "postId": post })).await.unwrap();
            post
        };
        self.deleted_post.get_or_init(delete).await
    }

    /// A relapse that the owner has recorded.
    pub(crate) async fn relapse(&self) -> &str {
        let record = async || {
            let path = "/kith.users.v1.ProgressService/RecordRelapse";
            let recorded = self.server.call(path, Some(&self.owner.access), &json!({})).await.unwrap();
            text(&recorded["relapse"]["id"])
        };
        self.relapse.get_or_init(record).await
    }

    /// Persona of a user who has requested to join the circle.
    pub(crate) async fn applicant(&self) -> &str {
        let apply = async || {
            let applicant = self.server.register().await;
            let request = self.call_circles(&applicant, "JoinCircle", &self.circle_request(json!({}))).await;
            text(&request["circle"]["persona"]["id"])
        };
        self.applicant.get_or_init(apply).await
    }

    /// Public persona of a moderator.
    pub(crate) async fn staff_member(&self) -> &str {
        let appoint = async || {
            let user = self.server.register().await;
            self.server.set_role(&user, Role::Moderator).await;
            user.persona
        };
        self.staff_member.get_or_init(appoint).await
    }

    /// Case about the post, reported by the helper.
    pub(crate) async fn case(&self) -> &Value {
        self.case.get_or_init(|| self.report_and_find_case(&self.post)).await
    }

    /// Case about the post, assigned to the caller if the caller is allowed to take it.
    pub(crate) async fn assigned_case(&self) -> Value {
        let case = self.case().await;
        let request = json!({ "caseId": case["id"] });
        let assigned = self.server.call(ASSIGN_CASE, self.token.as_deref(), &request).await;
        assigned.map_or_else(|_| case.clone(), |assigned| assigned["case"].clone())
    }

    /// Decision that affects the owner. It is about another post, so that the case about [`Scenario::post`] stays open.
    pub(crate) async fn decision(&self) -> &str {
        self.decision.get_or_init(|| self.warn_owner()).await
    }

    async fn warn_owner(&self) -> String {
        let (post, _) = self.create_post().await;
        let case = self.report_and_find_case(&post).await;
        let moderator = self.server.log_in(&self.server.moderator).await;
        let request = json!({ "caseId": case["id"] });
        let assigned = self.server.call(ASSIGN_CASE, Some(&moderator), &request).await.unwrap();
        let body = json!({
            "caseId": case["id"],
            "etag": assigned["case"]["etag"],
            "action": "ACTION_WARN",
            "rule": "be kind",
            "statement": "not here",
        });
        let path = "/kith.moderation.v1.ModerationService/DecideCase";
        text(&self.server.call(path, Some(&moderator), &body).await.unwrap()["decision"]["id"])
    }

    async fn report_and_find_case(&self, post: &str) -> Value {
        self.report(self.helper().await, post).await;
        let moderator = self.server.log_in(&self.server.moderator).await;
        let mut token = String::new();
        loop {
            let body = json!({ "pageSize": 100, "pageToken": token });
            let page = self.server.call(LIST_CASES, Some(&moderator), &body).await.unwrap();
            let mut cases = page["cases"].as_array().into_iter().flatten();
            if let Some(case) = cases.find(|case| case["subjectId"] == json!(post)) {
                return case.clone();
            }
            page["nextPageToken"].as_str().unwrap().clone_into(&mut token);
            assert!(!token.is_empty(), "no case about {post}");
        }
    }

    /// Creates an SOS post of the owner. Returns its id and etag.
    async fn create_post(&self) -> (String, String) {
        let body = self.located(json!({ "kind": "POST_KIND_SOS", "urgency": 5, "body": "is anybody there?" }));
        let created = self.server.call(CREATE_POST, Some(&self.owner.access), &body).await.unwrap();
        (text(&created["post"]["id"]), text(&created["post"]["etag"]))
    }

    async fn respond(&self, user: &User, body: &str) -> String {
        let body = json!({ "postId": self.post, "text": body });
        let path = "/kith.support.v1.SupportService/CreateResponse";
        text(&self.server.call(path, Some(&user.access), &body).await.unwrap()["response"]["id"])
    }

    async fn report(&self, user: &User, post: &str) {
        let body = json!({ "kind": "SUBJECT_KIND_POST", "subjectId": post, "reason": "REASON_HARASSMENT" });
        self.server.call(REPORT, Some(&user.access), &body).await.unwrap();
    }

    async fn block(&self, user: &User, blocked: &User) {
        let body = json!({ "personaId": blocked.persona });
        self.server.call("/kith.users.v1.UserService/BlockUser", Some(&user.access), &body).await.unwrap();
    }

    async fn suspend(&self) {
        let account = self.server.account_id(&self.other).await;
        let until = self.server.clock.now().after(Duration::from_hours(24));
        self.server.app.ports.users.accounts.suspend(account, until, account).await.unwrap();
        // Session lookups are cached for one second.
        self.server.clock.advance(Duration::from_secs(1));
    }

    async fn call_circles(&self, user: &User, method: &str, body: &Value) -> Value {
        let path = format!("/kith.circles.v1.CircleService/{method}");
        self.server.call(&path, Some(&user.access), body).await.unwrap()
    }

    /// Accepts an invite. Returns the user's persona in the circle.
    async fn accept_invite(&self, user: &User, code: &str) -> String {
        let accepted = self.call_circles(user, "AcceptInvite", &json!({ "code": code })).await;
        text(&accepted["circle"]["persona"]["id"])
    }
}

/// Replaces the signature of a token by an invalid one.
fn with_foreign_signature(token: &str) -> String {
    let (claims, signature) = token.rsplit_once('.').unwrap();
    let reversed: String = signature.chars().rev().collect();
    format!("{claims}.{reversed}")
}
