//! Who there is, what they wrote, what they are asked.

use std::{collections::BTreeSet, time::Duration};

use kith_kernel::{Clock as _, actor::Role};
use serde_json::{Value, json};

use crate::house::{House, Person, Size, text};

pub(crate) const POST: &str = "/kith.posts.v1.PostService/GetPost";
pub(crate) const CREATE: &str = "/kith.posts.v1.PostService/CreatePost";
pub(crate) const FEED: &str = "/kith.posts.v1.PostService/GetFeed";
pub(crate) const ANSWERS: &str = "/kith.support.v1.SupportService/ListResponses";
pub(crate) const MY_REPORTS: &str = "/kith.moderation.v1.ModerationService/ListMyReports";
pub(crate) const STANDING: &str = "/kith.moderation.v1.ModerationService/GetMyStanding";
pub(crate) const APPEAL: &str = "/kith.moderation.v1.ModerationService/AppealDecision";
pub(crate) const CASES: &str = "/kith.moderation.v1.ModerationService/ListCases";
pub(crate) const ASSIGN: &str = "/kith.moderation.v1.ModerationService/AssignCase";

/// What was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// Five posts of somebody whom four want gone.
    Colluded(usize),
    /// It says who somebody is.
    Doxxing,
    /// Five posts of somebody cruel.
    Cruel(usize),
    /// Three that are after money.
    Scam(usize),
    /// Five that nothing is wrong with; the first is removed all the same.
    Mistaken(usize),
    /// What somebody cruel answered.
    CruelAnswer,
}

impl Subject {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let fives = (0..5).flat_map(|nth| [Self::Colluded(nth), Self::Cruel(nth), Self::Mistaken(nth)]);
        fives.chain((0..3).map(Self::Scam)).chain([Self::Doxxing, Self::CruelAnswer])
    }

    /// A word that stands in no other.
    fn word(self) -> String {
        let letter = |nth: usize| ["amber", "birch", "cedar", "delta", "ember"][nth];
        match self {
            Self::Colluded(nth) => format!("quiet{}", letter(nth)),
            Self::Doxxing => "baker".to_owned(),
            Self::Cruel(nth) => format!("laugh{}", letter(nth)),
            Self::Scam(nth) => format!("riches{}", letter(nth)),
            Self::Mistaken(nth) => format!("week{}", letter(nth)),
            Self::CruelAnswer => "pathetic".to_owned(),
        }
    }

    fn words(self) -> String {
        let word = self.word();
        match self {
            Self::Colluded(_) => format!("{word}: I made it through the evening, and I am glad to be here"),
            Self::Doxxing => {
                format!("you know Wren, her real name is Maria Keller, she is the {word} next to the church")
            }
            Self::Cruel(_) => format!("{word}: you are all weak, and you will never stop, none of you"),
            Self::Scam(_) => format!("{word}: lend me your savings for a week and I will double them, trust me"),
            Self::Mistaken(_) => format!("{word}: I slept badly, and I am angry at everything"),
            Self::CruelAnswer => format!("you are {word}, everybody here thinks so"),
        }
    }

    const fn reason(self) -> &'static str {
        match self {
            Self::Colluded(_) | Self::Cruel(_) | Self::CruelAnswer => "REASON_HARASSMENT",
            Self::Doxxing => "REASON_DOXXING",
            Self::Scam(_) => "REASON_SCAM",
            Self::Mistaken(_) => "REASON_SPAM",
        }
    }
}

/// The whole town.
pub(crate) struct Town {
    house: House,
    pub(crate) colluders: Vec<Person>,
    pub(crate) honest: Vec<Person>,
    /// Whom the colluders want gone.
    ann: Person,
    doxxer: Person,
    brute: Person,
    /// Who answered cruelly.
    troll: Person,
    scammer: Person,
    mild: Vec<Person>,
    pub(crate) passer_by: Person,
    pub(crate) judge: Person,
    pub(crate) other: Person,
    admin: Person,
    ids: Vec<(Subject, String)>,
}

impl Town {
    pub(crate) async fn open(size: Size) -> Self {
        let house = House::open(size).await;
        let many = async |count: usize| {
            let mut people = Vec::new();
            for _ in 0..count {
                people.push(house.register().await);
            }
            people
        };
        let (colluders, honest, mild) = (many(4).await, many(11).await, many(5).await);
        let [ann, doxxer, brute, troll, scammer, passer_by, judge, other, admin] =
            <[Person; 9]>::try_from(many(9).await).unwrap_or_else(|_| panic!("nine people"));
        house.give(&admin, Role::Admin).await;
        let mut town = Self {
            house,
            colluders,
            honest,
            ann,
            doxxer,
            brute,
            troll,
            scammer,
            mild,
            passer_by,
            judge,
            other,
            admin,
            ids: Vec::new(),
        };
        for moderator in [&town.judge, &town.other] {
            let body = json!({ "personaId": moderator.persona, "role": "STAFF_ROLE_MODERATOR" });
            town.ask("/kith.admin.v1.AdminService/GrantRole", &town.admin.access, &body).await.unwrap();
        }
        // What is known of a session is known for a second.
        town.house.clock.advance(Duration::from_secs(2));
        for subject in Subject::all() {
            let id = town.write(subject).await;
            town.ids.push((subject, id));
        }
        town.settle().await;
        town
    }

    async fn write(&self, subject: Subject) -> String {
        let (author, words) = (&self.author(subject).access, subject.words());
        if subject == Subject::CruelAnswer {
            let body = json!({ "postId": self.id(Subject::Colluded(0)), "text": words });
            let path = "/kith.support.v1.SupportService/CreateResponse";
            return text(&self.ask(path, author, &body).await.unwrap()["response"]["id"]);
        }
        let body = json!({ "kind": "POST_KIND_CHECK_IN", "urgency": 2, "body": words });
        let written = self.ask(CREATE, author, &body).await.unwrap();
        assert!(written["post"]["moderation"].is_null(), "it is held: {written}");
        text(&written["post"]["id"])
    }

    pub(crate) fn author(&self, subject: Subject) -> &Person {
        match subject {
            Subject::Colluded(_) => &self.ann,
            Subject::Doxxing => &self.doxxer,
            Subject::Cruel(_) => &self.brute,
            Subject::Scam(_) => &self.scammer,
            Subject::Mistaken(nth) => &self.mild[nth],
            Subject::CruelAnswer => &self.troll,
        }
    }

    pub(crate) fn reporters(&self) -> impl Iterator<Item = &Person> {
        self.colluders.iter().chain(&self.honest)
    }

    pub(crate) fn everybody(&self) -> impl Iterator<Item = &Person> {
        let authors = [&self.ann, &self.doxxer, &self.brute, &self.troll, &self.scammer, &self.passer_by];
        self.reporters().chain(&self.mild).chain(authors)
    }

    pub(crate) fn id(&self, subject: Subject) -> &str {
        &self.ids.iter().find(|(known, _)| *known == subject).unwrap().1
    }

    pub(crate) fn subject(&self, id: &str) -> Subject {
        self.ids.iter().find(|(_, known)| known == id).unwrap().0
    }

    pub(crate) async fn ask(&self, path: &str, token: &str, body: &Value) -> Result<Value, String> {
        self.house.say(path, Some(token), body).await
    }

    /// Lets everything happen that follows from what has happened.
    pub(crate) async fn settle(&self) {
        self.house.settle().await;
    }

    /// Lets time pass, and what is due happen.
    pub(crate) async fn pass(&self, span: Duration) {
        self.house.clock.advance(span);
        self.house.sweep().await;
        self.settle().await;
        self.house.clock.advance(Duration::from_secs(2));
    }

    pub(crate) async fn report(&self, who: &Person, subject: Subject) {
        let kind = if subject == Subject::CruelAnswer { "SUBJECT_KIND_RESPONSE" } else { "SUBJECT_KIND_POST" };
        let body = json!({ "kind": kind, "subjectId": self.id(subject), "reason": subject.reason(), "comment": "look" });
        self.ask("/kith.moderation.v1.ModerationService/ReportContent", &who.access, &body).await.unwrap();
    }

    /// All but the first: 59.
    pub(crate) async fn report_all_others(&self) {
        for nth in 0..5 {
            for colluder in &self.colluders {
                self.report(colluder, Subject::Colluded(nth)).await;
            }
            for reporter in (0..4).map(|step| &self.honest[(nth * 2 + step) % 10]) {
                self.report(reporter, Subject::Cruel(nth)).await;
            }
            self.report(&self.honest[10], Subject::Mistaken(nth)).await;
            self.report(&self.honest[nth], Subject::CruelAnswer).await;
        }
        for nth in 0..3 {
            for step in 0..3 {
                self.report(&self.honest[nth * 3 + step], Subject::Scam(nth)).await;
            }
        }
    }

    /// The queue of a moderator, page by page.
    pub(crate) async fn queue(&self, moderator: &Person) -> Vec<Value> {
        let (mut cases, mut token) = (Vec::new(), String::new());
        loop {
            let body = json!({ "pageSize": 7, "pageToken": token });
            let page = self.ask(CASES, &self.fresh(moderator).await, &body).await.unwrap();
            cases.extend(page["cases"].as_array().cloned().unwrap_or_default());
            page["nextPageToken"].as_str().unwrap_or_default().clone_into(&mut token);
            if token.is_empty() {
                return cases;
            }
        }
    }

    /// Takes a case, and reads it.
    pub(crate) async fn take(&self, moderator: &Person, case: &Value) -> Value {
        let (token, body) = (self.fresh(moderator).await, json!({ "caseId": case["id"] }));
        self.ask(ASSIGN, &token, &body).await.unwrap();
        self.ask("/kith.moderation.v1.ModerationService/GetCase", &token, &body).await.unwrap()
    }

    pub(crate) async fn decide(&self, moderator: &Person, case: &Value, verdict: Value) -> Result<Value, String> {
        let mut body = verdict;
        body["caseId"] = case["id"].clone();
        body["etag"] = case["etag"].clone();
        self.ask("/kith.moderation.v1.ModerationService/DecideCase", &self.fresh(moderator).await, &body).await
    }

    /// What the moderator makes of it: of one thing, wrongly.
    pub(crate) fn verdict(&self, subject: Subject) -> Value {
        let until = |hours| {
            let until = Some(kith_proto::convert::timestamp(self.house.clock.now().after(Duration::from_hours(hours))));
            let request = kith_proto::moderation::v1::DecideCaseRequest { expires_at: until, ..Default::default() };
            serde_json::to_value(request).unwrap()["expiresAt"].clone()
        };
        let done = |action: &str| json!({ "action": action, "rule": "be kind", "statement": "it harms people here" });
        let timed = |action: &str, hours| {
            let mut verdict = done(action);
            verdict["expiresAt"] = until(hours);
            verdict
        };
        match subject {
            Subject::Colluded(_) | Subject::Mistaken(1..) => json!({ "action": "ACTION_DISMISS" }),
            Subject::Doxxing => timed("ACTION_SUSPEND", 24),
            Subject::Cruel(_) | Subject::Mistaken(_) | Subject::Scam(1..) => done("ACTION_REMOVE"),
            Subject::CruelAnswer => timed("ACTION_MUTE", 2),
            Subject::Scam(0) => done("ACTION_BAN"),
        }
    }

    pub(crate) fn stays(&self, subject: Subject) -> bool {
        self.verdict(subject)["action"] == json!("ACTION_DISMISS")
    }

    pub(crate) async fn sees(&self, who: &Person, post: &str) -> bool {
        self.ask(POST, &self.fresh(who).await, &json!({ "postId": post })).await.is_ok()
    }

    pub(crate) async fn finds(&self, who: &Person, subject: Subject) -> bool {
        let body = json!({ "query": subject.word() });
        let found = self.ask("/kith.posts.v1.PostService/SearchPosts", &self.fresh(who).await, &body).await.unwrap();
        found.to_string().contains(self.id(subject))
    }

    pub(crate) async fn feed(&self, who: &Person) -> BTreeSet<String> {
        let page = self.ask(FEED, &self.fresh(who).await, &json!({ "pageSize": 100 })).await.unwrap();
        page["posts"].as_array().unwrap().iter().map(|post| text(&post["id"])).collect()
    }

    /// An access token of now.
    pub(crate) async fn fresh(&self, who: &Person) -> String {
        self.house.enter(who).await
    }

    /// An access token of whoever wrote this.
    pub(crate) async fn enter(&self, subject: Subject) -> String {
        self.fresh(self.author(subject)).await
    }

    /// All that was written down.
    pub(crate) async fn trail(&self) -> Vec<Value> {
        let (mut entries, mut token) = (Vec::new(), String::new());
        loop {
            let body = json!({ "pageSize": 100, "pageToken": token });
            let path = "/kith.admin.v1.AdminService/ListAuditLog";
            let page = self.ask(path, &self.fresh(&self.admin).await, &body).await.unwrap();
            entries.extend(page["entries"].as_array().cloned().unwrap_or_default());
            page["nextPageToken"].as_str().unwrap_or_default().clone_into(&mut token);
            if token.is_empty() {
                return entries;
            }
        }
    }
}
