//! Result of every method about one circle, for callers with every relation to it, in a public and a private circle.

use axum::Router;
use kith_kernel::Actor;
use kith_testkit::{block_on, member};
use serde_json::{Value, json};

use crate::{
    harness::sqlite,
    rpc::{call, call_ok, server, settings},
};

/// Relation of the caller to the circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Owner,
    Keeper,
    Member,
    /// With a pending join request. In a private circle, the same as a stranger.
    Pending,
    /// With a valid invite code.
    Invited,
    Banned,
    Stranger,
}

use Relation::{Banned, Invited, Keeper, Member, Owner, Pending, Stranger};

const RELATIONS: [Relation; 7] = [Owner, Keeper, Member, Pending, Invited, Banned, Stranger];

/// Permission that a method of a public circle requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Requirement {
    None,
    Member,
    Keeper,
    Owner,
    /// All callers except the last owner.
    NotLastOwner,
    /// An invite code, which every caller of the test sends.
    InviteCode,
}

const OK: &str = "ok";
const NOT_FOUND: &str = "not_found";
const DENIED: &str = "permission_denied";

const METHODS: [(&str, Requirement); 19] = [
    ("GetCircle", Requirement::None),
    ("UpdateCircle", Requirement::Owner),
    ("ArchiveCircle", Requirement::Owner),
    ("JoinCircle", Requirement::None),
    ("LeaveCircle", Requirement::NotLastOwner),
    ("ListCircleMembers", Requirement::Member),
    ("UpdateMemberRole", Requirement::Owner),
    ("RemoveMember", Requirement::Keeper),
    ("BanMember", Requirement::Keeper),
    ("UnbanMember", Requirement::Keeper),
    ("ListJoinRequests", Requirement::Keeper),
    ("CreateInvite", Requirement::Keeper),
    ("ListInvites", Requirement::Keeper),
    ("RevokeInvite", Requirement::Keeper),
    ("AcceptInvite", Requirement::InviteCode),
    ("ListCircleLog", Requirement::Keeper),
    ("GetCircleFeed", Requirement::Member),
    // Names a pending join request. A private circle has none.
    ("DecideJoinRequest", Requirement::Keeper),
    // With a code, the circle is visible to all callers who are not banned.
    ("GetCircle with a code", Requirement::InviteCode),
];

/// Returns the expected result.
fn expected(requirement: Requirement, relation: Relation, is_private: bool) -> &'static str {
    let inside = matches!(relation, Owner | Keeper | Member);
    match (requirement, relation) {
        (_, Banned) => NOT_FOUND,
        (Requirement::InviteCode, _) => OK,
        _ if is_private && !inside => NOT_FOUND,
        (Requirement::NotLastOwner, Owner) => "failed_precondition",
        (Requirement::None | Requirement::NotLastOwner, _)
        | (_, Owner)
        | (Requirement::Member | Requirement::Keeper, Keeper)
        | (Requirement::Member, Member) => OK,
        _ => DENIED,
    }
}

struct Scenario {
    circle: String,
    caller: Actor,
    code: String,
    /// Persona of another member.
    target: Value,
    /// Persona with a pending join request.
    requester: Value,
}

impl Scenario {
    async fn new(server: &Router, access: &str, relation: Relation) -> Self {
        let (owner, other, requester, caller) = (member(), member(), member(), member());
        let created = call_ok(server, &owner, "CreateCircle", settings(access)).await;
        let circle = created["circle"]["id"].as_str().unwrap().to_owned();
        let invite = json!({ "circleId": circle, "uses": 9 });
        let code = call_ok(server, &owner, "CreateInvite", invite).await["code"].as_str().unwrap().to_owned();
        let accept = async |actor: &Actor| {
            let accepted = call_ok(server, actor, "AcceptInvite", json!({ "code": code })).await;
            accepted["circle"]["persona"]["id"].clone()
        };
        let body = json!({ "circleId": circle });
        let target = accept(&other).await;
        let request = call(server, Some(&requester), "JoinCircle", body.clone()).await.1;
        let requester = request["circle"]["persona"]["id"].clone();
        let mut scenario = Self { circle, caller, target, requester, code: code.clone() };
        match relation {
            Owner => scenario.caller = owner,
            Keeper => {
                let persona = accept(&scenario.caller).await;
                let role = scenario.member_body(&persona, &json!({ "role": "CIRCLE_ROLE_KEEPER" }));
                call_ok(server, &owner, "UpdateMemberRole", role).await;
            }
            Member => drop(accept(&scenario.caller).await),
            Pending => drop(call(server, Some(&scenario.caller), "JoinCircle", body).await),
            Banned => {
                let persona = accept(&scenario.caller).await;
                call_ok(server, &owner, "BanMember", scenario.member_body(&persona, &json!({}))).await;
            }
            Invited | Stranger => {}
        }
        scenario
    }

    fn member_body(&self, persona: &Value, more: &Value) -> Value {
        let mut body = json!({ "circleId": self.circle, "personaId": persona });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    fn body(&self, method: &str) -> Value {
        match method {
            "GetCircle with a code" => json!({ "circleId": self.circle, "inviteCode": self.code }),
            "UpdateCircle" => json!({ "circleId": self.circle, "etag": "1", "about": "dawn" }),
            "UpdateMemberRole" => self.member_body(&self.target, &json!({ "role": "CIRCLE_ROLE_KEEPER" })),
            "RemoveMember" | "BanMember" | "UnbanMember" => self.member_body(&self.target, &json!({})),
            "DecideJoinRequest" => self.member_body(&self.requester, &json!({ "decision": "JOIN_DECISION_ADMIT" })),
            "RevokeInvite" => json!({ "circleId": self.circle, "inviteId": self.circle }),
            "AcceptInvite" => json!({ "code": self.code }),
            _ => json!({ "circleId": self.circle }),
        }
    }
}

#[test]
fn the_result_of_every_method_depends_on_the_relation_of_the_caller() {
    block_on(async {
        let harness = sqlite().await;
        let server = server(&harness);
        let mut failures = Vec::new();
        for (access, is_private) in [("CIRCLE_ACCESS_BY_REQUEST", false), ("CIRCLE_ACCESS_PRIVATE", true)] {
            for (method, requirement) in METHODS {
                if is_private && method == "DecideJoinRequest" {
                    continue;
                }
                for relation in RELATIONS {
                    let scenario = Scenario::new(&server, access, relation).await;
                    let name = method.split(' ').next().unwrap();
                    let (status, response) = call(&server, Some(&scenario.caller), name, scenario.body(method)).await;
                    let code = if status.is_success() { OK } else { response["code"].as_str().unwrap() };
                    let expected_code = expected(requirement, relation, is_private);
                    if code != expected_code {
                        failures.push(format!("{method} of {access} by {relation:?}: {code}, not {expected_code}"));
                    }
                }
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    });
}
