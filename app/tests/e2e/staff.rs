//! The first admin, the roles that they give, and the trail of it.

use kith_testkit::block_on;
use serde_json::json;

use crate::{
    client::{Client, text},
    people::Person,
    server::{Home, said, soon},
};

#[test]
fn the_operator_makes_the_first_admin_beside_the_server_and_all_of_it_is_in_the_trail() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let client = Client::to(server.url());
        let (ann, bob) = (Person::register(&client).await, Person::register(&client).await);
        let handle = text(&ann.me().await["persona"]["handle"]);
        let refused = ann.says("ListStaff", &json!({})).await.unwrap_err();
        assert_eq!(refused.code, "permission_denied");
        assert_eq!(home.ask(&["grant", "--role", "admin", "nobody_at_all"]).status.code(), Some(1));
        assert_eq!(home.ask(&["grant", "--role", "owner", &handle]).status.code(), Some(2));
        let granted = home.ask(&["grant", "--role", "admin", &handle]);
        assert!(granted.status.success(), "{}", said(&granted.stderr));
        let again = home.ask(&["grant", "--role", "admin", &ann.persona]);
        assert!(said(&again.stdout).contains("already"), "{}", said(&again.stdout));

        soon("an admin", async || ann.says("ListStaff", &json!({})).await.ok()).await;
        let role = json!({ "personaId": bob.persona, "role": "STAFF_ROLE_MODERATOR" });
        ann.does("GrantRole", &role).await;
        soon("a moderator", async || (bob.me().await["role"] == "ROLE_MODERATOR").then_some(())).await;
        ann.does("RevokeRole", &json!({ "personaId": bob.persona })).await;
        let own = ann.says("RevokeRole", &json!({ "personaId": ann.persona })).await.unwrap_err();
        assert_eq!(own.reason, "OWN_ROLE");

        let log = ann.does("ListAuditLog", &json!({})).await;
        let entries = log["entries"].as_array().unwrap();
        let acts: Vec<_> = entries.iter().map(|entry| (text(&entry["act"]), text(&entry["detail"]))).collect();
        let act = |act: &str, detail: &str| (act.to_owned(), detail.to_owned());
        let expected = [
            act("role_revoked", "role=member"),
            act("role_granted", "role=moderator"),
            act("role_granted", "role=admin"),
        ];
        assert_eq!(acts, expected);
        assert!(entries[2]["actor"].is_null(), "the operator has no account");
        let verified = home.ask(&["audit", "verify"]);
        assert!(verified.status.success() && said(&verified.stdout).contains("OK: 3 lines"), "beside the server");
        server.stop().await;
        let verified = said(&home.ask(&["audit", "verify"]).stdout);
        assert!(verified.contains("1 checkpoints in") && verified.contains("OK: 3 lines"), "{verified}");
    });
}

#[test]
fn a_role_that_was_taken_is_gone() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let client = Client::to(server.url());
        let (ann, bob) = (Person::register(&client).await, Person::register(&client).await);
        for person in [&ann, &bob] {
            assert!(home.ask(&["grant", "--role", "admin", &person.persona]).status.success());
        }
        soon("an admin", async || ann.says("ListStaff", &json!({})).await.ok()).await;
        soon("another", async || bob.says("ListStaff", &json!({})).await.ok()).await;
        ann.does("RevokeRole", &json!({ "personaId": bob.persona })).await;
        let refused = soon("no admin", async || bob.says("ListStaff", &json!({})).await.err()).await;
        assert_eq!(refused.code, "permission_denied");
        server.stop().await;
    });
}
