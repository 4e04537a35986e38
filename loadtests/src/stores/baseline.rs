//! The database statement alone, with the driver, pool, durability and write concerns of the server. It writes copies
//! of the newest row that the server wrote, with new ids.

use std::path::Path;

use anyhow::{Context as _, Result};
use futures_util::TryStreamExt as _;
use kith_kernel::{Clock as _, PostId, SystemClock, SystemEntropy};
use kith_storage::{
    mongo,
    sql::{Database, Durability},
};
use mongodb::{
    Collection,
    bson::{Document, doc},
    options::Hint,
};
use sqlx::{Row as _, sqlite::SqliteRow};
use tokio::{task::JoinSet, time::Instant};
use uuid::Uuid;

use super::{CONCURRENCY, Method};
use crate::{closed_loop::Measurement, process::own_cpu_time};

/// Rows of a page of 20, and one that shows if there is a next page.
const PAGE_ROWS: i64 = 21;

/// Database that the server has written to, and the ids of posts to read.
#[derive(Clone)]
pub enum Baseline {
    /// SQLite file of embedded mode.
    Sqlite(Database, Vec<Uuid>),
    /// Collection of posts in cluster mode.
    Mongo(Collection<Document>, Vec<Uuid>),
}

impl Baseline {
    /// Opens a SQLite file. `known` are the ids of posts to read.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub async fn sqlite(file: &Path, known: &[String]) -> Result<Self> {
        Ok(Self::Sqlite(Database::open(file.to_owned(), Durability::Power).await?, ids(known)?))
    }

    /// Connects to MongoDB. `known` are the ids of posts to read.
    ///
    /// # Errors
    /// If the database is unavailable.
    pub async fn mongo(url: &str, known: &[String]) -> Result<Self> {
        let database = mongo::Database::open(url, &mongo::PoolConfig::default()).await?;
        Ok(Self::Mongo(database.collection("posts"), ids(known)?))
    }

    /// Runs the statement of a method `times` times in each of [`CONCURRENCY`] tasks.
    ///
    /// # Errors
    /// If a statement fails.
    pub async fn measure(&self, method: Method, times: usize) -> Result<Measurement> {
        let sample = self.sample().await?;
        let (began, cpu_before) = (Instant::now(), own_cpu_time()?);
        let mut running = JoinSet::new();
        for _ in 0..CONCURRENCY {
            let (baseline, sample) = (self.clone(), sample.clone());
            running.spawn(async move {
                for number in 0..times {
                    baseline.run(method, &sample, number).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(ended) = running.join_next().await {
            ended??;
        }
        let (elapsed, cpu) = (began.elapsed(), own_cpu_time()?.saturating_sub(cpu_before));
        let statements = f64::from(u32::try_from(times.saturating_mul(CONCURRENCY))?);
        Ok(Measurement { rate: statements / elapsed.as_secs_f64(), cost: cpu.as_secs_f64() * 1e6 / statements })
    }

    /// Reads the newest post, which is copied.
    async fn sample(&self) -> Result<Sample> {
        match self {
            Self::Sqlite(database, _) => Ok(Sample::Row(Box::new(Post::newest(database).await?))),
            Self::Mongo(posts, _) => {
                let newest = posts.find_one(doc! {}).sort(doc! { "_id": -1 }).await?;
                Ok(Sample::Document(newest.context("the server has written no post")?))
            }
        }
    }

    async fn run(&self, method: Method, sample: &Sample, number: usize) -> Result<()> {
        match (self, sample) {
            (Self::Sqlite(database, known), Sample::Row(post)) => match method {
                Method::CreatePost => post.insert(database).await,
                Method::GetFeed => feed(database).await,
                Method::GetPost => row(database, row_at(known, number)?).await,
            },
            (Self::Mongo(posts, known), Sample::Document(post)) => match method {
                Method::CreatePost => {
                    let mut post = post.clone();
                    post.insert("_id", mongo::id(new_id()));
                    posts.insert_one(post).await?;
                    Ok(())
                }
                Method::GetFeed => page(posts).await,
                Method::GetPost => {
                    let found = posts.find_one(mongo::not_deleted(doc! { "_id": mongo::id(row_at(known, number)?) }));
                    found.projection(projection()).await?.context("post not found").map(drop)
                }
            },
            (Self::Sqlite(..), Sample::Document(_)) | (Self::Mongo(..), Sample::Row(_)) => {
                anyhow::bail!("the sample belongs to another database")
            }
        }
    }
}

/// Row or document that is copied.
#[derive(Clone)]
enum Sample {
    Row(Box<Post>),
    Document(Document),
}

/// Row without the columns that are empty in all posts of the load client.
#[derive(Clone)]
struct Post {
    author: Uuid,
    persona: Uuid,
    kind: String,
    urgency: i64,
    body: String,
    categories: String,
    tags: String,
    created_at: i64,
    feed_expires_at: Option<i64>,
    urgency_rank: i64,
    version: i64,
}

impl Post {
    async fn newest(database: &Database) -> Result<Self> {
        let row = sqlx::query("SELECT * FROM posts ORDER BY id DESC LIMIT 1").fetch_one(database.reader()).await?;
        Ok(Self {
            author: row.try_get("author")?,
            persona: row.try_get("persona")?,
            kind: row.try_get("kind")?,
            urgency: row.try_get("urgency")?,
            body: row.try_get("body")?,
            categories: row.try_get("categories")?,
            tags: row.try_get("tags")?,
            created_at: row.try_get("created_at")?,
            feed_expires_at: row.try_get("feed_expires_at")?,
            urgency_rank: row.try_get("urgency_rank")?,
            version: row.try_get("version")?,
        })
    }

    /// Inserts the row in a durable transaction.
    async fn insert(&self, database: &Database) -> Result<()> {
        let mut tx = database.begin().await?;
        sqlx::query(
            "INSERT INTO posts (id, author, persona, kind, urgency, body, categories, tags, created_at,
                feed_expires_at, urgency_rank, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )
        .bind(new_id())
        .bind(self.author)
        .bind(self.persona)
        .bind(&self.kind)
        .bind(self.urgency)
        .bind(&self.body)
        .bind(&self.categories)
        .bind(&self.tags)
        .bind(self.created_at)
        .bind(self.feed_expires_at)
        .bind(self.urgency_rank)
        .bind(self.version)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }
}

async fn feed(database: &Database) -> Result<()> {
    let rows: Vec<SqliteRow> = sqlx::query(
        "SELECT * FROM posts INDEXED BY posts_latest
         WHERE deleted_at IS NULL AND circle IS NULL AND held_at IS NULL AND removed_at IS NULL
             AND (feed_expires_at IS NULL OR feed_expires_at > ?1) ORDER BY id DESC LIMIT ?2",
    )
    .bind(SystemClock.now().millis())
    .bind(PAGE_ROWS)
    .fetch_all(database.reader())
    .await?;
    anyhow::ensure!(!rows.is_empty(), "the feed is empty");
    Ok(())
}

async fn row(database: &Database, post: Uuid) -> Result<()> {
    sqlx::query("SELECT * FROM posts WHERE id = ?1").bind(post).fetch_one(database.reader()).await?;
    Ok(())
}

async fn page(posts: &Collection<Document>) -> Result<()> {
    let now = mongo::bson_date(SystemClock.now());
    let in_feed = [doc! { "feed_expires_at": null }, doc! { "feed_expires_at": { "$gt": now } }];
    let found =
        posts.find(mongo::not_deleted(doc! { "listed": true, "$or": in_feed.to_vec() })).sort(doc! { "_id": -1 });
    let found = found.limit(PAGE_ROWS).projection(projection()).hint(Hint::Name("posts_latest".to_owned()));
    let page: Vec<Document> = found.await?.try_collect().await?;
    anyhow::ensure!(!page.is_empty(), "the feed is empty");
    Ok(())
}

/// Projection of the server, which excludes these fields.
fn projection() -> Document {
    doc! { "search_terms": 0, "counted_events": 0, "archived_batches": 0, "outbox": 0 }
}

fn new_id() -> Uuid {
    PostId::new(SystemClock.now(), &SystemEntropy).uuid()
}

fn row_at(known: &[Uuid], number: usize) -> Result<Uuid> {
    number.checked_rem(known.len()).and_then(|nth| known.get(nth)).copied().context("no known post")
}

fn ids(known: &[String]) -> Result<Vec<Uuid>> {
    Ok(known.iter().map(|id| id.parse()).collect::<Result<_, uuid::Error>>()?)
}
