//! Users, reported content and calls of the moderation day.

use std::{collections::BTreeSet, time::Duration};

use kith_kernel::{Clock as _, actor::Role};
use serde_json::{Value, json};

use crate::test_server::{Mode, TestServer, User, text};

pub(crate) const GET_POST: &str = "/kith.posts.v1.PostService/GetPost";
pub(crate) const CREATE_POST: &str = "/kith.posts.v1.PostService/CreatePost";
pub(crate) const GET_FEED: &str = "/kith.posts.v1.PostService/GetFeed";
pub(crate) const LIST_RESPONSES: &str = "/kith.support.v1.SupportService/ListResponses";
pub(crate) const LIST_MY_REPORTS: &str = "/kith.moderation.v1.ModerationService/ListMyReports";
pub(crate) const GET_MY_STANDING: &str = "/kith.moderation.v1.ModerationService/GetMyStanding";
pub(crate) const APPEAL_DECISION: &str = "/kith.moderation.v1.ModerationService/AppealDecision";
pub(crate) const LIST_CASES: &str = "/kith.moderation.v1.ModerationService/ListCases";
pub(crate) const ASSIGN_CASE: &str = "/kith.moderation.v1.ModerationService/AssignCase";

/// Reported content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// Five harmless posts of a user against whom four reporters collude.
    Colluded(usize),
    /// A post that reveals the identity of a user.
    Doxxing,
    /// Five harassing posts of one user.
    Cruel(usize),
    /// Three posts of a scammer.
    Scam(usize),
    /// Five harmless posts of different users. The moderator removes the first by mistake.
    Mistaken(usize),
    /// A harassing response.
    CruelResponse,
}

impl Subject {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let fives = (0..5).flat_map(|nth| [Self::Colluded(nth), Self::Cruel(nth), Self::Mistaken(nth)]);
        fives.chain((0..3).map(Self::Scam)).chain([Self::Doxxing, Self::CruelResponse])
    }

    /// Word that occurs only in this content.
    fn unique_word(self) -> String {
        let letter = |nth: usize| ["amber", "birch", "cedar", "delta", "ember"][nth];
        match self {
            Self::Colluded(nth) => format!("quiet{}", letter(nth)),
            Self::Doxxing => "baker".to_owned(),
            Self::Cruel(nth) => format!("laugh{}", letter(nth)),
            Self::Scam(nth) => format!("riches{}", letter(nth)),
            Self::Mistaken(nth) => format!("week{}", letter(nth)),
            Self::CruelResponse => "pathetic".to_owned(),
        }
    }

    fn body(self) -> String {
        let word = self.unique_word();
        match self {
            Self::Colluded(_) => format!("{word}: I made it through the evening, and I am glad to be here"),
            Self::Doxxing => {
                format!("you know Wren, her real name is Maria Keller, she is the {word} next to the church")
            }
            Self::Cruel(_) => format!("{word}: you are all weak, and you will never stop, none of you"),
            Self::Scam(_) => format!("{word}: lend me your savings for a week and I will double them, trust me"),
            Self::Mistaken(_) => format!("{word}: I slept badly, and I am angry at everything"),
            Self::CruelResponse => format!("you are {word}, all of us think so"),
        }
    }

    const fn reason(self) -> &'static str {
        match self {
            Self::Colluded(_) | Self::Cruel(_) | Self::CruelResponse => "REASON_HARASSMENT",
            Self::Doxxing => "REASON_DOXXING",
            Self::Scam(_) => "REASON_SCAM",
            Self::Mistaken(_) => "REASON_SPAM",
        }
    }
}

/// Users and content.
pub(crate) struct Scenario {
    server: TestServer,
    pub(crate) colluders: Vec<User>,
    pub(crate) honest: Vec<User>,
    /// User against whom the colluders report.
    ann: User,
    doxxer: User,
    harasser: User,
    /// Author of the harassing response.
    troll: User,
    scammer: User,
    harmless_authors: Vec<User>,
    pub(crate) bystander: User,
    pub(crate) moderator: User,
    pub(crate) other_moderator: User,
    admin: User,
    ids: Vec<(Subject, String)>,
}

impl Scenario {
    pub(crate) async fn start(mode: Mode) -> Self {
        let server = TestServer::start(mode).await;
        let many = async |count: usize| {
            let mut users = Vec::new();
            for _ in 0..count {
                users.push(server.register_with_account_id().await);
            }
            users
        };
        let (colluders, honest, harmless_authors) = (many(4).await, many(11).await, many(5).await);
        let [ann, doxxer, harasser, troll, scammer, bystander, moderator, other_moderator, admin] =
            <[User; 9]>::try_from(many(9).await).unwrap_or_else(|_| panic!("nine users"));
        server.set_role(&admin, Role::Admin).await;
        let mut scenario = Self {
            server,
            colluders,
            honest,
            ann,
            doxxer,
            harasser,
            troll,
            scammer,
            harmless_authors,
            bystander,
            moderator,
            other_moderator,
            admin,
            ids: Vec::new(),
        };
        for user in [&scenario.moderator, &scenario.other_moderator] {
            let body = json!({ "personaId": user.persona, "role": "STAFF_ROLE_MODERATOR" });
            scenario.call("/kith.admin.v1.AdminService/GrantRole", &scenario.admin.access, &body).await.unwrap();
        }
        // Session lookups are cached for one second.
        scenario.server.clock.advance(Duration::from_secs(2));
        for subject in Subject::all() {
            let id = scenario.publish(subject).await;
            scenario.ids.push((subject, id));
        }
        scenario.deliver_events().await;
        scenario
    }

    async fn publish(&self, subject: Subject) -> String {
        let (author, body_text) = (&self.author(subject).access, subject.body());
        if subject == Subject::CruelResponse {
            let body = json!({ "postId": self.id(Subject::Colluded(0)), "text": body_text });
            let path = "/kith.support.v1.SupportService/CreateResponse";
            return text(&self.call(path, author, &body).await.unwrap()["response"]["id"]);
        }
        let body = json!({ "kind": "POST_KIND_CHECK_IN", "urgency": 2, "body": body_text });
        let created = self.call(CREATE_POST, author, &body).await.unwrap();
        assert!(created["post"]["moderation"].is_null(), "the post is held: {created}");
        text(&created["post"]["id"])
    }

    pub(crate) fn author(&self, subject: Subject) -> &User {
        match subject {
            Subject::Colluded(_) => &self.ann,
            Subject::Doxxing => &self.doxxer,
            Subject::Cruel(_) => &self.harasser,
            Subject::Scam(_) => &self.scammer,
            Subject::Mistaken(nth) => &self.harmless_authors[nth],
            Subject::CruelResponse => &self.troll,
        }
    }

    pub(crate) fn reporters(&self) -> impl Iterator<Item = &User> {
        self.colluders.iter().chain(&self.honest)
    }

    pub(crate) fn users(&self) -> impl Iterator<Item = &User> {
        let authors = [&self.ann, &self.doxxer, &self.harasser, &self.troll, &self.scammer, &self.bystander];
        self.reporters().chain(&self.harmless_authors).chain(authors)
    }

    pub(crate) fn id(&self, subject: Subject) -> &str {
        &self.ids.iter().find(|(known, _)| *known == subject).unwrap().1
    }

    pub(crate) fn subject(&self, id: &str) -> Subject {
        self.ids.iter().find(|(_, known)| known == id).unwrap().0
    }

    pub(crate) async fn call(&self, path: &str, token: &str, body: &Value) -> Result<Value, String> {
        self.server.call(path, Some(token), body).await
    }

    /// Delivers all events, including those that handlers emit.
    pub(crate) async fn deliver_events(&self) {
        self.server.deliver_events().await;
    }

    /// Advances the clock, runs the periodic jobs and delivers all events.
    pub(crate) async fn advance(&self, span: Duration) {
        self.server.clock.advance(span);
        self.server.run_jobs().await;
        self.deliver_events().await;
        self.server.clock.advance(Duration::from_secs(2));
    }

    pub(crate) async fn report(&self, user: &User, subject: Subject) {
        let kind = if subject == Subject::CruelResponse { "SUBJECT_KIND_RESPONSE" } else { "SUBJECT_KIND_POST" };
        let body =
            json!({ "kind": kind, "subjectId": self.id(subject), "reason": subject.reason(), "comment": "look" });
        self.call("/kith.moderation.v1.ModerationService/ReportContent", &user.access, &body).await.unwrap();
    }

    /// Files the remaining 59 of the 60 reports.
    pub(crate) async fn report_all_others(&self) {
        for nth in 0..5 {
            for colluder in &self.colluders {
                self.report(colluder, Subject::Colluded(nth)).await;
            }
            for reporter in (0..4).map(|step| &self.honest[(nth * 2 + step) % 10]) {
                self.report(reporter, Subject::Cruel(nth)).await;
            }
            self.report(&self.honest[10], Subject::Mistaken(nth)).await;
            self.report(&self.honest[nth], Subject::CruelResponse).await;
        }
        for nth in 0..3 {
            for step in 0..3 {
                self.report(&self.honest[nth * 3 + step], Subject::Scam(nth)).await;
            }
        }
    }

    /// Returns the queue of a moderator, read page by page.
    pub(crate) async fn queue(&self, moderator: &User) -> Vec<Value> {
        let (mut cases, mut token) = (Vec::new(), String::new());
        loop {
            let body = json!({ "pageSize": 7, "pageToken": token });
            let page = self.call(LIST_CASES, &self.log_in(moderator).await, &body).await.unwrap();
            cases.extend(page["cases"].as_array().cloned().unwrap_or_default());
            page["nextPageToken"].as_str().unwrap_or_default().clone_into(&mut token);
            if token.is_empty() {
                return cases;
            }
        }
    }

    /// Assigns a case to the moderator and reads it.
    pub(crate) async fn assign(&self, moderator: &User, case: &Value) -> Value {
        let (token, body) = (self.log_in(moderator).await, json!({ "caseId": case["id"] }));
        self.call(ASSIGN_CASE, &token, &body).await.unwrap();
        self.call("/kith.moderation.v1.ModerationService/GetCase", &token, &body).await.unwrap()
    }

    pub(crate) async fn decide(&self, moderator: &User, case: &Value, verdict: Value) -> Result<Value, String> {
        let mut body = verdict;
        body["caseId"] = case["id"].clone();
        body["etag"] = case["etag"].clone();
        self.call("/kith.moderation.v1.ModerationService/DecideCase", &self.log_in(moderator).await, &body).await
    }

    /// Decision of the moderator. The one about `Mistaken(0)` is wrong.
    pub(crate) fn verdict(&self, subject: Subject) -> Value {
        let until = |hours| {
            let until =
                Some(kith_proto::convert::timestamp(self.server.clock.now().after(Duration::from_hours(hours))));
            let request = kith_proto::moderation::v1::DecideCaseRequest { expires_at: until, ..Default::default() };
            serde_json::to_value(request).unwrap()["expiresAt"].clone()
        };
        let decision =
            |action: &str| json!({ "action": action, "rule": "be kind", "statement": "it harms people here" });
        let timed = |action: &str, hours| {
            let mut verdict = decision(action);
            verdict["expiresAt"] = until(hours);
            verdict
        };
        match subject {
            Subject::Colluded(_) | Subject::Mistaken(1..) => json!({ "action": "ACTION_DISMISS" }),
            Subject::Doxxing => timed("ACTION_SUSPEND", 24),
            Subject::Cruel(_) | Subject::Mistaken(_) | Subject::Scam(1..) => decision("ACTION_REMOVE"),
            Subject::CruelResponse => timed("ACTION_MUTE", 2),
            Subject::Scam(0) => decision("ACTION_BAN"),
        }
    }

    pub(crate) fn remains(&self, subject: Subject) -> bool {
        self.verdict(subject)["action"] == json!("ACTION_DISMISS")
    }

    pub(crate) async fn can_see(&self, user: &User, post: &str) -> bool {
        self.call(GET_POST, &self.log_in(user).await, &json!({ "postId": post })).await.is_ok()
    }

    pub(crate) async fn can_find(&self, user: &User, subject: Subject) -> bool {
        let body = json!({ "query": subject.unique_word() });
        let found = self.call("/kith.posts.v1.PostService/SearchPosts", &self.log_in(user).await, &body).await.unwrap();
        found.to_string().contains(self.id(subject))
    }

    pub(crate) async fn feed(&self, user: &User) -> BTreeSet<String> {
        let page = self.call(GET_FEED, &self.log_in(user).await, &json!({ "pageSize": 100 })).await.unwrap();
        page["posts"].as_array().unwrap().iter().map(|post| text(&post["id"])).collect()
    }

    /// Logs in. Returns a new access token.
    pub(crate) async fn log_in(&self, user: &User) -> String {
        self.server.log_in(user).await
    }

    /// Logs in as the author of the content.
    pub(crate) async fn log_in_author(&self, subject: Subject) -> String {
        self.log_in(self.author(subject)).await
    }

    /// Returns all entries of the audit log.
    pub(crate) async fn audit_log(&self) -> Vec<Value> {
        let (mut entries, mut token) = (Vec::new(), String::new());
        loop {
            let body = json!({ "pageSize": 100, "pageToken": token });
            let path = "/kith.admin.v1.AdminService/ListAuditLog";
            let page = self.call(path, &self.log_in(&self.admin).await, &body).await.unwrap();
            entries.extend(page["entries"].as_array().cloned().unwrap_or_default());
            page["nextPageToken"].as_str().unwrap_or_default().clone_into(&mut token);
            if token.is_empty() {
                return entries;
            }
        }
    }
}
