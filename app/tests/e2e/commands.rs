//! The command line, and what is different in production.

use kith_testkit::block_on;
use serde_json::json;

use crate::{
    client::{Client, number, text},
    people::Person,
    recount::{counts_are, recount},
    server::{Home, said},
    size::PRODUCTION,
};

const SECRET: &str = "7d3f1c9a50be6248f1079ce4835ad26b91c4e70f2a6d58b3c0e19f7426ad83b5";
const INDEX: &str = "e80b5f3c172d96a4d3f84e61bc907a25ff1386c94b7de052a8613cd97f40e2b1";

#[test]
fn everything_that_is_wrong_with_the_configuration_is_said_at_once() {
    let home = Home::new(&[
        ("KITH_HTTP_MAX_CONCURRENT_CALLS", "none"),
        ("KITH_HTTP_MAX_BODY_BYTES", "a lot"),
        ("KITH_REALTIME_MAX_REPLAY_EVENTS", "5000"),
        ("KITH_SECRETS_CURRENT", "secret"),
        ("KITH_LISEN", "127.0.0.1:1"),
    ]);
    for command in [&["config", "check"][..], &["serve"], &["migrate"]] {
        let refused = home.ask(command);
        assert_eq!(refused.status.code(), Some(2), "{command:?}");
        let lines = said(&refused.stderr);
        assert!(lines.starts_with("5 configuration errors"), "{lines}");
        for key in ["http.max_concurrent_calls", "http.max_body_bytes", "realtime.max_replay_events", "secrets.current", "LISEN"] {
            assert!(lines.contains(key), "{key}: {lines}");
        }
    }
    assert!(!home.path("data").exists(), "nothing was begun");
}

#[test]
fn a_fresh_folder_is_examined_migrated_and_served() {
    block_on(async {
        let home = Home::new(&[]);
        for command in
            [&["doctor"][..], &["config", "check"], &["migrate"], &["migrate"], &["doctor"], &["events", "list"]]
        {
            let out = home.ask(command);
            assert!(out.status.success(), "{command:?}: {}{}", said(&out.stdout), said(&out.stderr));
            assert!(!said(&out.stdout).contains("ERROR"), "{command:?}: {}", said(&out.stdout));
        }
        let examined = said(&home.ask(&["doctor"]).stdout);
        for line in ["is up to date", "no dead letters"] {
            assert!(examined.contains(line), "{examined}");
        }
        let server = home.serve().await;
        let client = Client::to(server.url());
        for path in ["/healthz", "/readyz", "/"] {
            assert_eq!(client.get(path).send().await.unwrap().status(), 200, "{path}");
        }
        assert!(home.ask(&["doctor"]).status.success(), "beside a server that runs");
        server.stop().await;
    });
}

#[test]
fn migrations_are_listed_verified_taken_back_one_by_one_and_applied_again() {
    block_on(async {
        let home = Home::new(&[]);
        let does = |asked: &str| {
            let out = home.ask(&["migrate", asked]);
            assert!(out.status.success(), "{asked}: {}", said(&out.stderr));
            said(&out.stdout)
        };
        let refuses = |asked: &str| {
            let out = home.ask(&["migrate", asked]);
            assert_eq!(out.status.code(), Some(1), "{asked}: {}", said(&out.stdout));
            said(&out.stderr)
        };
        let waiting = |status: &str| status.lines().filter(|line| line.ends_with("pending")).count();

        let fresh = does("status");
        let all = fresh.lines().count();
        assert!(all > 5 && waiting(&fresh) == all, "{fresh}");
        assert!(refuses("verify").contains("is not up to date: Outdated"));
        does("up");
        let applied = does("status");
        assert_eq!((applied.lines().count(), waiting(&applied)), (all, 0), "{applied}");
        let verified = does("verify");
        assert!(verified.lines().count() > 0 && verified.lines().all(|line| line.ends_with(" is up to date")));
        // Somebody is there, so that what is taken back is not empty.
        let server = home.serve().await;
        Person::register(&Client::to(server.url())).await.sos("is anybody there?").await;
        server.stop().await;

        let mut taken_back = 0;
        loop {
            let lines = does("down");
            let steps = lines.lines().filter(|line| line.contains(": reverted ")).count();
            if steps == 0 {
                assert!(lines.lines().all(|line| line.ends_with("no migration to revert")), "{lines}");
                break;
            }
            taken_back += steps;
            assert_eq!(waiting(&does("status")), taken_back);
            assert!(refuses("verify").contains("is not up to date: Outdated"));
        }
        assert_eq!(taken_back, all);
        // A server begins with what is missing.
        let server = home.serve().await;
        Person::register(&Client::to(server.url())).await.sos("is anybody there?").await;
        server.stop().await;
        assert_eq!(does("verify"), verified);
        println!("{all} migrations were applied, taken back and applied again");
    });
}

#[test]
fn a_made_up_community_is_counted_as_a_real_one_is() {
    block_on(async {
        let home = Home::new(&[]);
        let seeded = home.ask(&["seed", "--accounts", "20", "--posts", "60"]);
        assert!(seeded.status.success(), "{}", said(&seeded.stderr));
        let line = said(&seeded.stdout);
        let (_, code) = line.trim().rsplit_once(' ').unwrap();
        assert_eq!(said(&home.ask(&["events", "list"]).stdout).trim(), "no dead letters");

        let server = home.serve().await;
        let client = Client::to(server.url());
        let reader = Person::register(&client).await;
        let found = recount(&reader).await;
        // An SOS that nobody said was over has left the feed after a day.
        assert!((30..=60).contains(&found.counts.len()), "{} posts", found.counts.len());
        assert!(found.answers.len() > 30, "{} answers", found.answers.len());
        counts_are(&reader, &found.counts).await;
        println!(
            "{} posts and {} answers are in the feed of a made-up community",
            found.counts.len(),
            found.answers.len()
        );
        // Whose code was told can come in.
        let member = Person { code: code.to_owned(), ..reader.clone() }.elsewhere().await;
        let me = member.me().await;
        assert!(line.contains(&text(&me["persona"]["handle"])), "{line}");
        let profile = reader.does("GetProfile", &json!({ "personaId": me["persona"]["id"] })).await;
        assert_eq!(number(&profile["strengthPoints"]), number(&me["strengthPoints"]) / 10 * 10);
        server.stop().await;
    });
}

#[test]
fn nothing_is_taken_back_in_production() {
    let said_in_production = [
        ("KITH_MODE", "production"),
        ("KITH_SECRETS_CURRENT", SECRET),
        ("KITH_SECRETS_BLIND_INDEX", INDEX),
        ("KITH_PUBLIC_URL", "https://kith.example.org"),
    ];
    let home = Home::new(&[&said_in_production[..], PRODUCTION].concat());
    assert!(home.ask(&["migrate"]).status.success());
    let refused = home.ask(&["migrate", "down"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused.stderr).contains("migrations cannot be reverted in production"), "{}", said(&refused.stderr));
    assert!(home.ask(&["migrate", "verify"]).status.success(), "and nothing was");
}

#[test]
fn production_asks_for_everything_at_once() {
    let home = Home::new(&[
        ("KITH_MODE", "production"),
        ("KITH_SECRETS_CURRENT", ""),
        ("KITH_SECRETS_BLIND_INDEX", ""),
        ("KITH_POSTGRES_URL", ""),
        ("KITH_MONGODB_URL", ""),
        ("KITH_REDIS_URL", ""),
        ("KITH_NATS_URL", ""),
    ]);
    let refused = home.ask(&["serve"]);
    assert_eq!(refused.status.code(), Some(2));
    let lines = said(&refused.stderr);
    for key in ["secrets.current", "secrets.blind_index", "public_url", "embedded"] {
        assert!(lines.contains(key), "{key}: {lines}");
    }
    assert!(!home.path("data").exists(), "no secret was made up");
}

#[test]
fn production_begins_with_what_it_needs_and_has_no_page() {
    block_on(async {
        let said_in_production = [
            ("KITH_MODE", "production"),
            ("KITH_SECRETS_CURRENT", SECRET),
            ("KITH_SECRETS_BLIND_INDEX", INDEX),
            ("KITH_PUBLIC_URL", "https://kith.example.org"),
        ];
        let home = Home::new(&[&said_in_production[..], PRODUCTION].concat());
        let server = home.serve().await;
        assert_eq!(server.ready["url"], "https://kith.example.org");
        let client = Client::to(server.url());
        for path in ["/", "/page.js", "/index.html"] {
            assert_eq!(client.get(path).send().await.unwrap().status(), 404, "{path}");
        }
        assert_eq!(client.get("/healthz").send().await.unwrap().status(), 200);
        let person = Person::register(&client).await;
        person.sos("is anybody there?").await;
        let log = server.log();
        assert!(!log.contains(SECRET) && !log.contains(&person.access) && !log.contains("anybody there"), "{log}");
        assert!(!home.path("data/secrets.toml").exists());
        server.stop().await;
    });
}
