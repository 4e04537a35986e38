//! What an outsider, a member of two circles and a keeper of both can read of somebody who is in both: nothing that two
//! of their personas share and nobody else has.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::house::{House, Person, Size, text};

/// Somebody who looks, and all that they were answered.
struct Eyes<'a> {
    house: &'a House,
    person: &'a Person,
    answers: Vec<Value>,
}

impl Eyes<'_> {
    async fn ask(&mut self, path: &str, body: Value) -> Option<Value> {
        let answer = self.house.say(path, Some(&self.person.access), &body).await.ok()?;
        self.answers.push(answer.clone());
        Some(answer)
    }

    /// All pages of a list, one item each.
    async fn pages(&mut self, method: &str, body: &Value) {
        let mut token = String::new();
        loop {
            let mut page = body.clone();
            page["pageSize"] = json!(1);
            page["pageToken"] = json!(token);
            let Some(answer) = self.ask(&of_circles(method), page).await else { return };
            answer["nextPageToken"].as_str().unwrap_or_default().clone_into(&mut token);
            if token.is_empty() {
                return;
            }
        }
    }

    async fn look(&mut self, circles: &[String], personas: &[String]) {
        for circle in circles {
            let of = json!({ "circleId": circle });
            self.ask(&of_circles("GetCircle"), of.clone()).await;
            for method in ["ListCircleMembers", "ListJoinRequests", "ListInvites", "ListCircleLog", "GetCircleFeed"] {
                self.pages(method, &of).await;
            }
            self.pages("ListCircleMembers", &json!({ "circleId": circle, "scope": "MEMBER_SCOPE_BANNED" })).await;
        }
        for scope in ["CIRCLE_SCOPE_PUBLIC", "CIRCLE_SCOPE_OWN"] {
            self.pages("ListCircles", &json!({ "scope": scope })).await;
        }
        for persona in personas {
            self.ask("/kith.users.v1.UserService/GetProfile", json!({ "personaId": persona })).await;
        }
    }

    /// All that was said together with this persona, beside its picture: of 64 pictures, two personas may draw the same.
    fn of(&self, persona: &str) -> BTreeSet<String> {
        let mut said = BTreeSet::new();
        for answer in self.answers.iter().filter(|answer| answer.to_string().contains(persona)) {
            collect(answer, &mut said);
        }
        said
    }
}

fn of_circles(method: &str) -> String {
    format!("/kith.circles.v1.CircleService/{method}")
}

/// Every word, number and moment of an answer; of what is encoded, what is in it.
fn collect(value: &Value, said: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().filter(|(name, _)| *name != "avatar").for_each(|(_, field)| collect(field, said));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, said)),
        Value::String(word) => {
            if let Ok(bytes) = URL_SAFE_NO_PAD.decode(word) {
                let number = bytes.iter().fold(String::new(), |number, byte| number + &format!("{byte:02x}"));
                said.insert(number.chars().skip(16).take(32).collect());
            }
            said.insert(word.replace('-', ""));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => drop(said.insert(value.to_string())),
    }
}

struct Town {
    house: House,
    ann: Person,
    keeper: Person,
    member: Person,
    /// A keeper of both, as Ann is.
    other: Person,
    outsider: Person,
    circles: Vec<String>,
    /// Of Ann: in public, and in each circle.
    personas: Vec<String>,
    /// Of all others, in each circle.
    others: Vec<String>,
}

impl Town {
    /// Two circles in which the same people are, each with a role, an invite and a day.
    async fn set(size: Size) -> Self {
        let house = House::open(size).await;
        let (ann, keeper) = (house.register().await, house.register().await);
        let (member, other, outsider) = (house.register().await, house.register().await, house.register().await);
        let mut town = Self {
            personas: vec![ann.persona.clone()],
            others: [&keeper, &member, &other, &outsider].map(|person| person.persona.clone()).to_vec(),
            circles: Vec::new(),
            house,
            ann,
            keeper,
            member,
            other,
            outsider,
        };
        for access in ["CIRCLE_ACCESS_OPEN", "CIRCLE_ACCESS_BY_REQUEST"] {
            town.open(access).await;
        }
        town
    }

    async fn open(&mut self, access: &str) {
        let terms = json!({ "name": "early risers", "category": "sleep", "access": access, "maxMembers": 10 });
        let opened = self.does(&self.keeper, "CreateCircle", &terms).await;
        let circle = text(&opened["circle"]["id"]);
        self.others.push(text(&opened["circle"]["persona"]["id"]));
        for person in [&self.ann, &self.other, &self.member] {
            let joined = self.does(person, "JoinCircle", &json!({ "circleId": circle })).await;
            let persona = text(&joined["circle"]["persona"]["id"]);
            let admit = json!({ "circleId": circle, "personaId": persona, "decision": "JOIN_DECISION_ADMIT" });
            self.does(&self.keeper, "DecideJoinRequest", &admit).await;
            let role = json!({ "circleId": circle, "personaId": persona, "role": "CIRCLE_ROLE_KEEPER" });
            if person.account != self.member.account {
                self.does(&self.keeper, "UpdateMemberRole", &role).await;
            }
            let known = if person.account == self.ann.account { &mut self.personas } else { &mut self.others };
            known.push(persona);
        }
        for person in [&self.ann, &self.other, &self.keeper] {
            self.does(person, "CreateInvite", &json!({ "circleId": circle })).await;
        }
        self.circles.push(circle);
    }

    async fn does(&self, person: &Person, method: &str, body: &Value) -> Value {
        self.house.say(&of_circles(method), Some(&person.access), body).await.unwrap()
    }
}

on_both_sizes!(
    nothing_that_can_be_read_is_shared_by_two_personas_of_one_account,
    what_is_told_of_people_in_circles_has_no_moment_finer_than_an_hour_and_no_badge
);

async fn nothing_that_can_be_read_is_shared_by_two_personas_of_one_account(size: Size) {
    let town = Town::set(size).await;
    let all = [town.personas.clone(), town.others.clone()].concat();
    for (person, sees) in [(&town.outsider, 1), (&town.member, 3), (&town.keeper, 3)] {
        let mut eyes = Eyes { house: &town.house, person, answers: Vec::new() };
        eyes.look(&town.circles, &all).await;
        let seen: Vec<_> = town.personas.iter().map(|persona| eyes.of(persona)).collect();
        assert_eq!(seen.iter().filter(|said| !said.is_empty()).count(), sees, "the test sees what there is");
        let common: BTreeSet<_> = town.others.iter().flat_map(|persona| eyes.of(persona)).collect();
        for (number, one) in seen.iter().enumerate() {
            for other in &seen[number + 1..] {
                let shared: Vec<_> = one.intersection(other).filter(|said| !common.contains(*said)).collect();
                assert!(shared.is_empty(), "{shared:?}");
            }
        }
        let words = json!(eyes.answers).to_string();
        assert!(!words.contains(&town.ann.account), "an account id is told");
    }
}

async fn what_is_told_of_people_in_circles_has_no_moment_finer_than_an_hour_and_no_badge(size: Size) {
    let town = Town::set(size).await;
    let all = [town.personas.clone(), town.others.clone()].concat();
    let mut eyes = Eyes { house: &town.house, person: &town.keeper, answers: Vec::new() };
    eyes.look(&town.circles, &all).await;
    let mut said = BTreeSet::new();
    eyes.answers.iter().for_each(|answer| collect(answer, &mut said));
    let moments: Vec<_> = said.iter().filter(|word| word.ends_with('Z') && word.contains(':')).collect();
    assert!(!moments.is_empty() && moments.iter().all(|moment| moment.ends_with(":00:00Z")), "{moments:?}");
    // A UUIDv7 holds the moment at which it was made. Only circles have such.
    let circles: BTreeSet<_> = town.circles.iter().map(|circle| circle.replace('-', "")).collect();
    let timed = said.iter().filter(|word| word.len() == 32 && word.as_bytes()[12] == b'7');
    let timed: BTreeSet<_> = timed.filter(|word| word.chars().all(|it| it.is_ascii_hexdigit())).cloned().collect();
    assert!(timed.is_subset(&circles), "{timed:?}");
    assert!(!json!(eyes.answers).to_string().contains("badges"));
}
