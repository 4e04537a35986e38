//! Every method about one circle, by everybody who may stand to it in some way, in a public and in a private one.

use axum::Router;
use kith_kernel::Actor;
use kith_testkit::{block_on, member};
use serde_json::{Value, json};

use crate::{
    harness::sqlite,
    rpc::{call, fine, server, terms},
};

/// How the caller stands to the circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Owner,
    Keeper,
    Member,
    /// They asked to be let in; of a private circle that is nobody.
    Pending,
    /// They hold the code of a live invite.
    Invited,
    Banned,
    Stranger,
}

use Relation::{Banned, Invited, Keeper, Member, Owner, Pending, Stranger};

const RELATIONS: [Relation; 7] = [Owner, Keeper, Member, Pending, Invited, Banned, Stranger];

/// The least that a method of a public circle takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Membership,
    Keeping,
    Owning,
    /// To leave is for everybody but the last owner.
    NotToBeTheLast,
    /// The code of an invite, which every caller sends here.
    Code,
}

const OK: &str = "ok";
const NONE: &str = "not_found";
const NO: &str = "permission_denied";

const METHODS: [(&str, Takes); 19] = [
    ("GetCircle", Takes::Nothing),
    ("UpdateCircle", Takes::Owning),
    ("ArchiveCircle", Takes::Owning),
    ("JoinCircle", Takes::Nothing),
    ("LeaveCircle", Takes::NotToBeTheLast),
    ("ListCircleMembers", Takes::Membership),
    ("UpdateMemberRole", Takes::Owning),
    ("RemoveMember", Takes::Keeping),
    ("BanMember", Takes::Keeping),
    ("UnbanMember", Takes::Keeping),
    ("ListJoinRequests", Takes::Keeping),
    ("CreateInvite", Takes::Keeping),
    ("ListInvites", Takes::Keeping),
    ("RevokeInvite", Takes::Keeping),
    ("AcceptInvite", Takes::Code),
    ("ListCircleLog", Takes::Keeping),
    ("GetCircleFeed", Takes::Membership),
    // The others about one circle: they name somebody who asked, of whom a private one has none.
    ("DecideJoinRequest", Takes::Keeping),
    // With a code, it is there for whoever is not kept out.
    ("GetCircle with a code", Takes::Code),
];

/// What a caller is answered.
fn expected(takes: Takes, relation: Relation, is_private: bool) -> &'static str {
    let inside = matches!(relation, Owner | Keeper | Member);
    match (takes, relation) {
        (_, Banned) => NONE,
        (Takes::Code, _) => OK,
        _ if is_private && !inside => NONE,
        (Takes::NotToBeTheLast, Owner) => "failed_precondition",
        (Takes::Nothing | Takes::NotToBeTheLast, _)
        | (_, Owner)
        | (Takes::Membership | Takes::Keeping, Keeper)
        | (Takes::Membership, Member) => OK,
        _ => NO,
    }
}

struct Scenario {
    circle: String,
    caller: Actor,
    code: String,
    /// A plain member, who is not the caller.
    somebody: Value,
    /// Who asked to be let in.
    asker: Value,
}

impl Scenario {
    async fn set(server: &Router, access: &str, relation: Relation) -> Self {
        let (owner, other, asker, caller) = (member(), member(), member(), member());
        let opened = fine(server, &owner, "CreateCircle", terms(access)).await;
        let circle = opened["circle"]["id"].as_str().unwrap().to_owned();
        let invite = json!({ "circleId": circle, "uses": 9 });
        let code = fine(server, &owner, "CreateInvite", invite).await["code"].as_str().unwrap().to_owned();
        let enter = async |actor: &Actor| {
            let entered = fine(server, actor, "AcceptInvite", json!({ "code": code })).await;
            entered["circle"]["persona"]["id"].clone()
        };
        let of = json!({ "circleId": circle });
        let somebody = enter(&other).await;
        let request = call(server, Some(&asker), "JoinCircle", of.clone()).await.1;
        let asker = request["circle"]["persona"]["id"].clone();
        let mut scenario = Self { circle, caller, somebody, asker, code: code.clone() };
        match relation {
            Owner => scenario.caller = owner,
            Keeper => {
                let persona = enter(&scenario.caller).await;
                let role = scenario.about(&persona, &json!({ "role": "CIRCLE_ROLE_KEEPER" }));
                fine(server, &owner, "UpdateMemberRole", role).await;
            }
            Member => drop(enter(&scenario.caller).await),
            Pending => drop(call(server, Some(&scenario.caller), "JoinCircle", of).await),
            Banned => {
                let persona = enter(&scenario.caller).await;
                fine(server, &owner, "BanMember", scenario.about(&persona, &json!({}))).await;
            }
            Invited | Stranger => {}
        }
        scenario
    }

    fn about(&self, persona: &Value, more: &Value) -> Value {
        let mut body = json!({ "circleId": self.circle, "personaId": persona });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    fn body(&self, method: &str) -> Value {
        match method {
            "GetCircle with a code" => json!({ "circleId": self.circle, "inviteCode": self.code }),
            "UpdateCircle" => json!({ "circleId": self.circle, "etag": "1", "about": "dawn" }),
            "UpdateMemberRole" => self.about(&self.somebody, &json!({ "role": "CIRCLE_ROLE_KEEPER" })),
            "RemoveMember" | "BanMember" | "UnbanMember" => self.about(&self.somebody, &json!({})),
            "DecideJoinRequest" => self.about(&self.asker, &json!({ "decision": "JOIN_DECISION_ADMIT" })),
            "RevokeInvite" => json!({ "circleId": self.circle, "inviteId": self.circle }),
            "AcceptInvite" => json!({ "code": self.code }),
            _ => json!({ "circleId": self.circle }),
        }
    }
}

#[test]
fn every_method_answers_everybody_as_they_stand_to_the_circle() {
    block_on(async {
        let harness = sqlite().await;
        let server = server(&harness);
        let mut wrong = Vec::new();
        for (access, is_private) in [("CIRCLE_ACCESS_BY_REQUEST", false), ("CIRCLE_ACCESS_PRIVATE", true)] {
            for (method, takes) in METHODS {
                if is_private && method == "DecideJoinRequest" {
                    continue;
                }
                for relation in RELATIONS {
                    let scenario = Scenario::set(&server, access, relation).await;
                    let name = method.split(' ').next().unwrap();
                    let (status, answer) = call(&server, Some(&scenario.caller), name, scenario.body(method)).await;
                    let code = if status.is_success() { OK } else { answer["code"].as_str().unwrap() };
                    let right = expected(takes, relation, is_private);
                    if code != right {
                        wrong.push(format!("{method} of {access} by {relation:?}: {code}, not {right}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}
