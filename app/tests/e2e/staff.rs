//! The first admin, roles, their records in the audit log, and feature flags.

use kith_testkit::block_on;
use serde_json::json;

use crate::{
    client::{Client, text},
    server::{Installation, eventually, utf8},
    user::TestUser,
};

#[test]
fn the_operator_grants_the_first_admin_role_on_a_running_server_and_all_grants_are_audited() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let client = Client::new(server.url());
        let (ann, bob) = (TestUser::register(&client).await, TestUser::register(&client).await);
        let handle = text(&ann.me().await["persona"]["handle"]);
        let error = ann.call("ListStaff", &json!({})).await.unwrap_err();
        assert_eq!(error.code, "permission_denied");
        assert_eq!(installation.run(&["grant", "--role", "admin", "nobody_at_all"]).status.code(), Some(1));
        assert_eq!(installation.run(&["grant", "--role", "owner", &handle]).status.code(), Some(2));
        let granted = installation.run(&["grant", "--role", "admin", &handle]);
        assert!(granted.status.success(), "{}", utf8(&granted.stderr));
        let again = installation.run(&["grant", "--role", "admin", &ann.persona]);
        assert!(utf8(&again.stdout).contains("already"), "{}", utf8(&again.stdout));

        eventually("an admin", async || ann.call("ListStaff", &json!({})).await.ok()).await;
        let role = json!({ "personaId": bob.persona, "role": "STAFF_ROLE_MODERATOR" });
        ann.call_ok("GrantRole", &role).await;
        eventually("a moderator", async || (bob.me().await["role"] == "ROLE_MODERATOR").then_some(())).await;
        ann.call_ok("RevokeRole", &json!({ "personaId": bob.persona })).await;
        let own = ann.call("RevokeRole", &json!({ "personaId": ann.persona })).await.unwrap_err();
        assert_eq!(own.reason, "CANNOT_CHANGE_OWN_ROLE");

        let log = ann.call_ok("ListAuditLog", &json!({})).await;
        let entries = log["entries"].as_array().unwrap();
        let actions: Vec<_> = entries.iter().map(|entry| (text(&entry["action"]), text(&entry["detail"]))).collect();
        let action = |action: &str, detail: &str| (action.to_owned(), detail.to_owned());
        let expected = [
            action("role_revoked", "role=member"),
            action("role_granted", "role=moderator"),
            action("role_granted", "role=admin"),
        ];
        assert_eq!(actions, expected);
        assert!(entries[2]["actor"].is_null(), "the operator has no account");
        let verified = installation.run(&["audit", "verify"]);
        assert!(
            verified.status.success() && utf8(&verified.stdout).contains("OK: 3 records"),
            "while the server is running"
        );
        server.stop().await;
        let verified = utf8(&installation.run(&["audit", "verify"]).stdout);
        assert!(verified.contains("1 checkpoints in") && verified.contains("OK: 3 records"), "{verified}");
    });
}

#[test]
fn a_revoked_role_loses_its_permissions() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let client = Client::new(server.url());
        let (ann, bob) = (TestUser::register(&client).await, TestUser::register(&client).await);
        for user in [&ann, &bob] {
            assert!(installation.run(&["grant", "--role", "admin", &user.persona]).status.success());
        }
        eventually("an admin", async || ann.call("ListStaff", &json!({})).await.ok()).await;
        eventually("a second admin", async || bob.call("ListStaff", &json!({})).await.ok()).await;
        ann.call_ok("RevokeRole", &json!({ "personaId": bob.persona })).await;
        let error = eventually("loss of the role", async || bob.call("ListStaff", &json!({})).await.err()).await;
        assert_eq!(error.code, "permission_denied");
        server.stop().await;
    });
}

#[test]
fn features_can_be_disabled_while_the_server_runs_without_affecting_an_sos() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let client = Client::new(server.url());
        let (ann, bob) = (TestUser::register(&client).await, TestUser::register(&client).await);
        assert!(installation.run(&["grant", "--role", "admin", &ann.persona]).status.success());
        eventually("an admin", async || ann.call("ListStaff", &json!({})).await.ok()).await;
        let features = ["circle_creation", "content_screen", "feed_stream", "post_search", "registration"];
        assert_eq!(bob.call_ok("ListMyFlags", &json!({})).await["enabled"], json!(features));
        for name in features {
            ann.call_ok("PutFlag", &json!({ "name": name, "percent": 0 })).await;
        }
        assert!(bob.call_ok("ListMyFlags", &json!({})).await["enabled"].is_null());

        let circle = json!({ "name": "The night shift", "about": "for the sleepless", "rules": "be kind",
            "category": "sleep", "access": "CIRCLE_ACCESS_OPEN", "maxMembers": 20 });
        for (method, body) in [("SearchPosts", json!({ "query": "please" })), ("CreateCircle", circle)] {
            let error = bob.call(method, &body).await.unwrap_err();
            let (code, reason) = (error.code.as_str(), error.reason.as_str());
            assert_eq!((code, reason), ("failed_precondition", "FEATURE_DISABLED"), "{method}");
        }
        let error = TestUser::try_register(&client).await.unwrap().err().unwrap();
        assert_eq!(error.reason, "FEATURE_DISABLED");

        let sos = bob.create_sos("please call me at 555-867-5309").await;
        ann.get_post(&sos).await.unwrap();
        ann.respond(&sos, "I am here, call me at 555-867-5309").await;
        assert!(server.log().contains("content screen disabled, publishing unscreened"), "{}", server.log());

        let search = json!({ "name": "post_search", "percent": 100, "etag": "1" });
        ann.call_ok("PutFlag", &search).await;
        bob.call_ok("SearchPosts", &json!({ "query": "please" })).await;
        server.stop().await;
    });
}
