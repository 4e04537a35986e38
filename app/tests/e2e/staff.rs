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
        let acts: Vec<_> = entries.iter().map(|entry| (text(&entry["action"]), text(&entry["detail"]))).collect();
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

#[test]
fn features_can_be_disabled_while_the_server_runs_without_affecting_an_sos() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let client = Client::to(server.url());
        let (ann, bob) = (Person::register(&client).await, Person::register(&client).await);
        assert!(home.ask(&["grant", "--role", "admin", &ann.persona]).status.success());
        soon("an admin", async || ann.says("ListStaff", &json!({})).await.ok()).await;
        let features = ["circle_creation", "content_screen", "feed_stream", "post_search", "registration"];
        assert_eq!(bob.does("ListMyFlags", &json!({})).await["enabled"], json!(features));
        for name in features {
            ann.does("PutFlag", &json!({ "name": name, "percent": 0 })).await;
        }
        assert!(bob.does("ListMyFlags", &json!({})).await["enabled"].is_null());

        let circle = json!({ "name": "The night shift", "about": "for the sleepless", "rules": "be kind",
            "category": "sleep", "access": "CIRCLE_ACCESS_OPEN", "maxMembers": 20 });
        for (method, body) in [("SearchPosts", json!({ "query": "please" })), ("CreateCircle", circle)] {
            let error = bob.says(method, &body).await.unwrap_err();
            let (code, reason) = (error.code.as_str(), error.reason.as_str());
            assert_eq!((code, reason), ("failed_precondition", "FEATURE_DISABLED"), "{method}");
        }
        let error = Person::try_register(&client).await.unwrap().err().unwrap();
        assert_eq!(error.reason, "FEATURE_DISABLED");

        let sos = bob.sos("please call me at 555-867-5309").await;
        ann.sees(&sos).await.unwrap();
        ann.answers(&sos, "I am here, call me at 555-867-5309").await;
        assert!(server.log().contains("content screen disabled, publishing unscreened"), "{}", server.log());

        let search = json!({ "name": "post_search", "percent": 100, "etag": "1" });
        ann.does("PutFlag", &search).await;
        bob.does("SearchPosts", &json!({ "query": "please" })).await;
        server.stop().await;
    });
}
