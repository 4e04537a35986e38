//! kill -9 while several people write, again and again on one folder: what was acknowledged is there.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use kith_testkit::block_on;
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};

use crate::{
    client::{Client, number, text},
    people::{Person, hug, sos},
    recount::{counts_are, recount},
    server::{Home, PATIENCE, Server, said, soon},
};

const LIVES: usize = 5;
const WRITERS: usize = 4;
/// Writes that are acknowledged before a kill, which comes in the middle of the next ones.
const WRITES: usize = 60;

/// What was acknowledged.
#[derive(Default)]
struct Ledger {
    people: Vec<Person>,
    /// Each with its author and what it says.
    posts: BTreeMap<String, (String, String)>,
    /// Each with what it answers and what it says.
    answers: BTreeMap<String, (String, Value)>,
}

impl Ledger {
    /// A post of somebody else.
    fn post_for(&self, person: &Person, nth: usize) -> Option<String> {
        let others: Vec<_> = self.posts.iter().filter(|(_, (author, _))| *author != person.persona).collect();
        others.get(nth % others.len().max(1)).map(|(id, _)| (*id).clone())
    }
}

struct Writing {
    ledger: Mutex<Ledger>,
    acknowledged: watch::Sender<usize>,
}

impl Writing {
    /// Writes until the server is gone.
    async fn write(self: Arc<Self>, client: Client, seed: usize) {
        let Some(Ok(mut person)) = self.register(&client).await else { return };
        for nth in 1_usize.. {
            // A new person has new quotas.
            if nth % 8 == 0 {
                match self.register(&client).await {
                    Some(registered) => person = registered.unwrap(),
                    None => return,
                }
            }
            let post = self.ledger.lock().unwrap().post_for(&person, nth * 31 + seed);
            let done = match (nth % 3, post) {
                (0, _) | (_, None) => self.post(&person, &format!("post {nth} of writer {seed}")).await,
                (1, Some(post)) => {
                    self.answer(&person, "CreateResponse", &post, json!({ "text": format!("answer {nth}") })).await
                }
                (_, Some(post)) => {
                    self.answer(&person, "QuickSupport", &post, json!({ "kind": "QUICK_KIND_HUG" })).await
                }
            };
            if done.is_none() {
                return;
            }
            self.acknowledged.send_modify(|count| *count += 1);
        }
    }

    async fn register(&self, client: &Client) -> Option<Result<Person, crate::client::Refused>> {
        let registered = Person::try_register(client).await?;
        self.ledger.lock().unwrap().people.extend(registered.clone().ok());
        Some(registered)
    }

    async fn post(&self, person: &Person, words: &str) -> Option<()> {
        let made = person.tries("CreatePost", &sos(words)).await?.unwrap();
        let kept = (person.persona.clone(), words.to_owned());
        self.ledger.lock().unwrap().posts.insert(text(&made["post"]["id"]), kept);
        Some(())
    }

    async fn answer(&self, person: &Person, method: &str, post: &str, mut body: Value) -> Option<()> {
        body["postId"] = json!(post);
        let given = person.tries(method, &body).await?.unwrap();
        let kept = (post.to_owned(), given["response"].clone());
        self.ledger.lock().unwrap().answers.insert(text(&given["response"]["id"]), kept);
        Some(())
    }
}

#[test]
fn nothing_that_was_acknowledged_is_lost_by_a_kill() {
    block_on(async {
        let home = Home::new(&[]);
        let writing = Arc::new(Writing { ledger: Mutex::default(), acknowledged: watch::Sender::new(0) });
        for life in 1..=LIVES {
            let mut server = home.serve().await;
            examine(&server, &writing).await;
            let client = Client::to(server.url());
            let writers: Vec<_> =
                (0..WRITERS).map(|seed| tokio::spawn(writing.clone().write(client.clone(), seed))).collect();
            let mut acknowledged = writing.acknowledged.subscribe();
            let enough = acknowledged.wait_for(|count| *count >= life * WRITES);
            timeout(PATIENCE, enough).await.expect("writes in time").unwrap();
            server.kill();
            for writer in writers {
                writer.await.unwrap();
            }
        }
        let server = home.serve().await;
        examine(&server, &writing).await;
        server.stop().await;
        let ledger = writing.ledger.lock().unwrap();
        println!(
            "{LIVES} kills: {} people, {} posts and {} answers were acknowledged, and are there",
            ledger.people.len(),
            ledger.posts.len(),
            ledger.answers.len()
        );
        let listed = home.ask(&["events", "list"]);
        assert_eq!(said(&listed.stdout).trim(), "no dead letters");
    });
}

/// Sees that everything is there, and counted.
async fn examine(server: &Server, writing: &Writing) {
    let (people, posts, answers) = {
        let ledger = writing.ledger.lock().unwrap();
        (ledger.people.clone(), ledger.posts.clone(), ledger.answers.clone())
    };
    let reader = Person::register(&Client::to(server.url())).await;
    let found = recount(&reader).await;
    for (id, (author, words)) in &posts {
        let post = reader.sees(id).await.unwrap_or_else(|refused| panic!("a post is lost: {refused:?}"));
        assert_eq!((&text(&post["author"]["id"]), &text(&post["body"])), (author, words));
        assert!(found.counts.contains_key(id), "a post is not in the feed");
    }
    for (id, (post, given)) in &answers {
        let listed = found.answers.get(id).unwrap_or_else(|| panic!("an answer is lost: {given}"));
        assert_eq!((listed, &text(&listed["postId"])), (given, post));
    }
    counts_are(&reader, &found.counts).await;
    for person in &people {
        let person = person.moved(&server.url());
        let points = found.points.get(&person.persona).copied().unwrap_or(0);
        soon("points", async || (number(&person.me().await["strengthPoints"]) == points).then_some(())).await;
    }
    // Who comes back after a crash comes back with a refresh token.
    if let Some(person) = people.last() {
        let person = person.moved(&server.url());
        let refreshed = person.clone().holding(&person.refreshes(&person.refresh).await.unwrap());
        refreshed.does("QuickSupport", &hug(posts.keys().next().unwrap())).await;
        writing.ledger.lock().unwrap().people.retain(|it| it.persona != person.persona);
        writing.ledger.lock().unwrap().people.push(refreshed);
    }
}
