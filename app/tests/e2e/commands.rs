//! The command line and production mode.

use kith_testkit::block_on;
use serde_json::json;

use crate::{
    client::{Client, number, text},
    mode::PRODUCTION_SETTINGS,
    recount::{recount, wait_for_counts},
    server::{Installation, utf8},
    user::TestUser,
};

const SECRET: &str = "7d3f1c9a50be6248f1079ce4835ad26b91c4e70f2a6d58b3c0e19f7426ad83b5";
const INDEX: &str = "e80b5f3c172d96a4d3f84e61bc907a25ff1386c94b7de052a8613cd97f40e2b1";

#[test]
fn all_configuration_errors_are_reported_together() {
    let installation = Installation::new(&[
        ("KITH_HTTP_MAX_CONCURRENT_CALLS", "none"),
        ("KITH_HTTP_MAX_BODY_BYTES", "a lot"),
        ("KITH_REALTIME_MAX_REPLAY_EVENTS", "5000"),
        ("KITH_SECRETS_CURRENT", "secret"),
        ("KITH_LISEN", "127.0.0.1:1"),
    ]);
    for command in [&["config", "check"][..], &["serve"], &["migrate"]] {
        let output = installation.run(command);
        assert_eq!(output.status.code(), Some(2), "{command:?}");
        let lines = utf8(&output.stderr);
        assert!(lines.starts_with("5 configuration errors"), "{lines}");
        for key in [
            "http.max_concurrent_calls",
            "http.max_body_bytes",
            "realtime.max_replay_events",
            "secrets.current",
            "LISEN",
        ] {
            assert!(lines.contains(key), "{key}: {lines}");
        }
    }
    assert!(!installation.path("data").exists(), "a data folder was created");
}

#[test]
fn a_new_data_folder_is_checked_migrated_and_served() {
    block_on(async {
        let installation = Installation::new(&[]);
        for command in
            [&["doctor"][..], &["config", "check"], &["migrate"], &["migrate"], &["doctor"], &["events", "list"]]
        {
            let out = installation.run(command);
            assert!(out.status.success(), "{command:?}: {}{}", utf8(&out.stdout), utf8(&out.stderr));
            assert!(!utf8(&out.stdout).contains("ERROR"), "{command:?}: {}", utf8(&out.stdout));
        }
        let report = utf8(&installation.run(&["doctor"]).stdout);
        for line in ["is up to date", "no dead letters"] {
            assert!(report.contains(line), "{report}");
        }
        let server = installation.start().await;
        let client = Client::new(server.url());
        for path in ["/healthz", "/readyz", "/"] {
            assert_eq!(client.get(path).send().await.unwrap().status(), 200, "{path}");
        }
        assert!(installation.run(&["doctor"]).status.success(), "while the server is running");
        server.stop().await;
    });
}

#[test]
fn migrations_can_be_listed_verified_reverted_one_by_one_and_reapplied() {
    block_on(async {
        let installation = Installation::new(&[]);
        let migrate = |command: &str| {
            let out = installation.run(&["migrate", command]);
            assert!(out.status.success(), "{command}: {}", utf8(&out.stderr));
            utf8(&out.stdout)
        };
        let fails = |command: &str| {
            let out = installation.run(&["migrate", command]);
            assert_eq!(out.status.code(), Some(1), "{command}: {}", utf8(&out.stdout));
            utf8(&out.stderr)
        };
        let pending = |status: &str| status.lines().filter(|line| line.ends_with("pending")).count();

        let fresh = migrate("status");
        let all = fresh.lines().count();
        assert!(all > 5 && pending(&fresh) == all, "{fresh}");
        assert!(fails("verify").contains("is not up to date: Outdated"));
        migrate("up");
        let applied = migrate("status");
        assert_eq!((applied.lines().count(), pending(&applied)), (all, 0), "{applied}");
        let verified = migrate("verify");
        assert!(verified.lines().count() > 0 && verified.lines().all(|line| line.ends_with(" is up to date")));
        // The tables must have rows when they are reverted.
        let server = installation.start().await;
        TestUser::register(&Client::new(server.url())).await.create_sos("is anyone there?").await;
        server.stop().await;

        let mut reverted = 0;
        loop {
            let lines = migrate("down");
            let steps = lines.lines().filter(|line| line.contains(": reverted ")).count();
            if steps == 0 {
                assert!(lines.lines().all(|line| line.ends_with("no migration to revert")), "{lines}");
                break;
            }
            reverted += steps;
            assert_eq!(pending(&migrate("status")), reverted);
            assert!(fails("verify").contains("is not up to date: Outdated"));
        }
        assert_eq!(reverted, all);
        // The server applies pending migrations on start.
        let server = installation.start().await;
        TestUser::register(&Client::new(server.url())).await.create_sos("is anyone there?").await;
        server.stop().await;
        assert_eq!(migrate("verify"), verified);
        println!("{all} migrations were applied, reverted and reapplied");
    });
}

#[test]
fn counters_of_generated_sample_data_equal_a_recount() {
    block_on(async {
        let installation = Installation::new(&[]);
        let seeded = installation.run(&["seed", "--accounts", "20", "--posts", "60"]);
        assert!(seeded.status.success(), "{}", utf8(&seeded.stderr));
        let line = utf8(&seeded.stdout);
        let (_, code) = line.trim().rsplit_once(' ').unwrap();
        assert_eq!(utf8(&installation.run(&["events", "list"]).stdout).trim(), "no dead letters");

        let server = installation.start().await;
        let client = Client::new(server.url());
        let reader = TestUser::register(&client).await;
        let found = recount(&reader).await;
        // An unresolved SOS leaves the feed after a day.
        assert!((30..=60).contains(&found.counts.len()), "{} posts", found.counts.len());
        assert!(found.responses.len() > 30, "{} responses", found.responses.len());
        wait_for_counts(&reader, &found.counts).await;
        println!("{} posts and {} responses are in the generated feed", found.counts.len(), found.responses.len());
        // The printed recovery code is valid.
        let member = TestUser { recovery_code: code.to_owned(), ..reader.clone() }.log_in_again().await;
        let me = member.me().await;
        assert!(line.contains(&text(&me["persona"]["handle"])), "{line}");
        let profile = reader.call_ok("GetProfile", &json!({ "personaId": me["persona"]["id"] })).await;
        assert_eq!(number(&profile["strengthPoints"]), number(&me["strengthPoints"]) / 10 * 10);
        server.stop().await;
    });
}

#[test]
fn migrations_cannot_be_reverted_in_production() {
    let settings = [
        ("KITH_MODE", "production"),
        ("KITH_SECRETS_CURRENT", SECRET),
        ("KITH_SECRETS_BLIND_INDEX", INDEX),
        ("KITH_PUBLIC_URL", "https://kith.example.org"),
    ];
    let installation = Installation::new(&[&settings[..], PRODUCTION_SETTINGS].concat());
    assert!(installation.run(&["migrate"]).status.success());
    let output = installation.run(&["migrate", "down"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(utf8(&output.stderr).contains("migrations cannot be reverted in production"), "{}", utf8(&output.stderr));
    assert!(installation.run(&["migrate", "verify"]).status.success(), "a migration was reverted");
}

#[test]
fn all_missing_production_settings_are_reported_together() {
    let installation = Installation::new(&[
        ("KITH_MODE", "production"),
        ("KITH_SECRETS_CURRENT", ""),
        ("KITH_SECRETS_BLIND_INDEX", ""),
        ("KITH_POSTGRES_URL", ""),
        ("KITH_MONGODB_URL", ""),
        ("KITH_REDIS_URL", ""),
        ("KITH_NATS_URL", ""),
    ]);
    let output = installation.run(&["serve"]);
    assert_eq!(output.status.code(), Some(2));
    let lines = utf8(&output.stderr);
    for key in ["secrets.current", "secrets.blind_index", "public_url", "embedded"] {
        assert!(lines.contains(key), "{key}: {lines}");
    }
    assert!(!installation.path("data").exists(), "a data folder was created, perhaps with generated secrets");
}

#[test]
fn a_production_server_starts_with_the_required_settings_and_has_no_demo_page() {
    block_on(async {
        let settings = [
            ("KITH_MODE", "production"),
            ("KITH_SECRETS_CURRENT", SECRET),
            ("KITH_SECRETS_BLIND_INDEX", INDEX),
            ("KITH_PUBLIC_URL", "https://kith.example.org"),
        ];
        let installation = Installation::new(&[&settings[..], PRODUCTION_SETTINGS].concat());
        let server = installation.start().await;
        assert_eq!(server.ready["url"], "https://kith.example.org");
        let client = Client::new(server.url());
        for path in ["/", "/page.js", "/index.html"] {
            assert_eq!(client.get(path).send().await.unwrap().status(), 404, "{path}");
        }
        assert_eq!(client.get("/healthz").send().await.unwrap().status(), 200);
        let user = TestUser::register(&client).await;
        user.create_sos("is anyone there?").await;
        let log = server.log();
        assert!(!log.contains(SECRET) && !log.contains(&user.access_token) && !log.contains("anyone there"), "{log}");
        assert!(!installation.path("data/secrets.toml").exists());
        server.stop().await;
    });
}
