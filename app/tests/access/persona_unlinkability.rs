//! Personas of one account cannot be linked: responses to an outsider, a member of two circles and a keeper of both
//! contain no value that two personas of one account share and no other persona has.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::test_server::{Mode, TestServer, User, text};

/// Reader of all methods that show personas, with the responses.
struct Reader<'a> {
    server: &'a TestServer,
    user: &'a User,
    responses: Vec<Value>,
}

impl Reader<'_> {
    async fn call(&mut self, path: &str, body: Value) -> Option<Value> {
        let response = self.server.call(path, Some(&self.user.access), &body).await.ok()?;
        self.responses.push(response.clone());
        Some(response)
    }

    /// Reads all pages of a list, with one item each.
    async fn read_pages(&mut self, method: &str, body: &Value) {
        let mut token = String::new();
        loop {
            let mut page = body.clone();
            page["pageSize"] = json!(1);
            page["pageToken"] = json!(token);
            let Some(response) = self.call(&circle_method(method), page).await else { return };
            response["nextPageToken"].as_str().unwrap_or_default().clone_into(&mut token);
            if token.is_empty() {
                return;
            }
        }
    }

    async fn read_all(&mut self, circles: &[String], personas: &[String]) {
        for circle in circles {
            let circle_request = json!({ "circleId": circle });
            self.call(&circle_method("GetCircle"), circle_request.clone()).await;
            for method in ["ListCircleMembers", "ListJoinRequests", "ListInvites", "ListCircleLog", "GetCircleFeed"] {
                self.read_pages(method, &circle_request).await;
            }
            self.read_pages("ListCircleMembers", &json!({ "circleId": circle, "scope": "MEMBER_SCOPE_BANNED" })).await;
        }
        for scope in ["CIRCLE_SCOPE_PUBLIC", "CIRCLE_SCOPE_OWN"] {
            self.read_pages("ListCircles", &json!({ "scope": scope })).await;
        }
        for persona in personas {
            self.call("/kith.users.v1.UserService/GetProfile", json!({ "personaId": persona })).await;
        }
    }

    /// Returns all values of responses that contain this persona, except avatars: two personas can have the same one of the
    /// 64 avatars.
    fn values_near(&self, persona: &str) -> BTreeSet<String> {
        let mut values = BTreeSet::new();
        for response in self.responses.iter().filter(|response| response.to_string().contains(persona)) {
            collect(response, &mut values);
        }
        values
    }
}

fn circle_method(method: &str) -> String {
    format!("/kith.circles.v1.CircleService/{method}")
}

/// Collects the strings, numbers and times of a response. Base64 values are decoded.
fn collect(value: &Value, values: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().filter(|(name, _)| *name != "avatar").for_each(|(_, field)| collect(field, values));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, values)),
        Value::String(string) => {
            if let Ok(bytes) = URL_SAFE_NO_PAD.decode(string) {
                let hex = bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
                values.insert(hex.chars().skip(16).take(32).collect());
            }
            values.insert(string.replace('-', ""));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => drop(values.insert(value.to_string())),
    }
}

struct Scenario {
    server: TestServer,
    ann: User,
    keeper: User,
    member: User,
    /// Keeper of both circles, like Ann.
    other_keeper: User,
    outsider: User,
    circles: Vec<String>,
    /// Ann's public persona and her persona in each circle.
    personas: Vec<String>,
    /// Personas of all other users, public and in each circle.
    other_personas: Vec<String>,
}

impl Scenario {
    /// Creates two circles with the same members, the same roles and an invite of each keeper.
    async fn create(mode: Mode) -> Self {
        let server = TestServer::start(mode).await;
        let (ann, keeper) = (server.register_with_account_id().await, server.register_with_account_id().await);
        let (member, other_keeper, outsider) = (
            server.register_with_account_id().await,
            server.register_with_account_id().await,
            server.register_with_account_id().await,
        );
        let mut scenario = Self {
            personas: vec![ann.persona.clone()],
            other_personas: [&keeper, &member, &other_keeper, &outsider].map(|user| user.persona.clone()).to_vec(),
            circles: Vec::new(),
            server,
            ann,
            keeper,
            member,
            other_keeper,
            outsider,
        };
        for access in ["CIRCLE_ACCESS_OPEN", "CIRCLE_ACCESS_BY_REQUEST"] {
            scenario.create_circle(access).await;
        }
        scenario
    }

    async fn create_circle(&mut self, access: &str) {
        let settings = json!({ "name": "early risers", "category": "sleep", "access": access, "maxMembers": 10 });
        let created = self.call(&self.keeper, "CreateCircle", &settings).await;
        let circle = text(&created["circle"]["id"]);
        self.other_personas.push(text(&created["circle"]["persona"]["id"]));
        for user in [&self.ann, &self.other_keeper, &self.member] {
            let joined = self.call(user, "JoinCircle", &json!({ "circleId": circle })).await;
            let persona = text(&joined["circle"]["persona"]["id"]);
            let admit = json!({ "circleId": circle, "personaId": persona, "decision": "JOIN_DECISION_ADMIT" });
            self.call(&self.keeper, "DecideJoinRequest", &admit).await;
            let role = json!({ "circleId": circle, "personaId": persona, "role": "CIRCLE_ROLE_KEEPER" });
            if user.account != self.member.account {
                self.call(&self.keeper, "UpdateMemberRole", &role).await;
            }
            let known = if user.account == self.ann.account { &mut self.personas } else { &mut self.other_personas };
            known.push(persona);
        }
        for user in [&self.ann, &self.other_keeper, &self.keeper] {
            self.call(user, "CreateInvite", &json!({ "circleId": circle })).await;
        }
        self.circles.push(circle);
    }

    async fn call(&self, user: &User, method: &str, body: &Value) -> Value {
        self.server.call(&circle_method(method), Some(&user.access), body).await.unwrap()
    }
}

in_both_modes!(
    personas_of_one_account_share_no_distinguishing_value,
    responses_about_members_contain_no_time_finer_than_an_hour_and_no_badges
);

async fn personas_of_one_account_share_no_distinguishing_value(mode: Mode) {
    let scenario = Scenario::create(mode).await;
    let all = [scenario.personas.clone(), scenario.other_personas.clone()].concat();
    for (user, visible_personas) in [(&scenario.outsider, 1), (&scenario.member, 3), (&scenario.keeper, 3)] {
        let mut reader = Reader { server: &scenario.server, user, responses: Vec::new() };
        reader.read_all(&scenario.circles, &all).await;
        let values: Vec<_> = scenario.personas.iter().map(|persona| reader.values_near(persona)).collect();
        assert_eq!(
            values.iter().filter(|values| !values.is_empty()).count(),
            visible_personas,
            "personas visible to the reader"
        );
        let common: BTreeSet<_> =
            scenario.other_personas.iter().flat_map(|persona| reader.values_near(persona)).collect();
        for (number, one) in values.iter().enumerate() {
            for other in &values[number + 1..] {
                let shared: Vec<_> = one.intersection(other).filter(|values| !common.contains(*values)).collect();
                assert!(shared.is_empty(), "{shared:?}");
            }
        }
        let responses = json!(reader.responses).to_string();
        assert!(!responses.contains(&scenario.ann.account), "an account id is exposed");
    }
}

async fn responses_about_members_contain_no_time_finer_than_an_hour_and_no_badges(mode: Mode) {
    let scenario = Scenario::create(mode).await;
    let all = [scenario.personas.clone(), scenario.other_personas.clone()].concat();
    let mut reader = Reader { server: &scenario.server, user: &scenario.keeper, responses: Vec::new() };
    reader.read_all(&scenario.circles, &all).await;
    let mut values = BTreeSet::new();
    reader.responses.iter().for_each(|response| collect(response, &mut values));
    let times: Vec<_> = values.iter().filter(|value| value.ends_with('Z') && value.contains(':')).collect();
    assert!(!times.is_empty() && times.iter().all(|time| time.ends_with(":00:00Z")), "{times:?}");
    // A UUIDv7 contains its creation time. Only circle ids may be of this version.
    let circles: BTreeSet<_> = scenario.circles.iter().map(|circle| circle.replace('-', "")).collect();
    let time_ids = values.iter().filter(|value| value.len() == 32 && value.as_bytes()[12] == b'7');
    let time_ids: BTreeSet<_> =
        time_ids.filter(|value| value.chars().all(|it| it.is_ascii_hexdigit())).cloned().collect();
    assert!(time_ids.is_subset(&circles), "{time_ids:?}");
    assert!(!json!(reader.responses).to_string().contains("badges"));
}
