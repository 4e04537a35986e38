//! The statement alone: the driver, the pool, the durability and the concerns that the program has, and nothing of the
//! program. It writes what the program wrote last, under new ids.

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

use super::{AT_ONCE, Method};
use crate::{closed::Taken, process::own_work};

/// A page of 20, and the one that says whether there is another.
const PAGE: i64 = 21;

/// A database that the program has written to.
#[derive(Clone)]
pub enum Bare {
    /// The one file.
    Sqlite(Database, Vec<Uuid>),
    /// The posts of a cluster.
    Mongo(Collection<Document>, Vec<Uuid>),
}

impl Bare {
    /// The posts in this file; these ids are read one by one.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub async fn sqlite(file: &Path, known: &[String]) -> Result<Self> {
        Ok(Self::Sqlite(Database::open(file.to_owned(), Durability::Power).await?, ids(known)?))
    }

    /// The posts in this database; these ids are read one by one.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub async fn mongo(url: &str, known: &[String]) -> Result<Self> {
        let database = mongo::Database::open(url, &mongo::PoolConfig::default()).await?;
        Ok(Self::Mongo(database.collection("posts"), ids(known)?))
    }

    /// Lets as many as [`AT_ONCE`] run the statement of this method, each so many times.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn measure(&self, method: Method, times: usize) -> Result<Taken> {
        let model = self.model().await?;
        let (began, worked) = (Instant::now(), own_work()?);
        let mut running = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (bare, model) = (self.clone(), model.clone());
            running.spawn(async move {
                for number in 0..times {
                    bare.once(method, &model, number).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(ended) = running.join_next().await {
            ended??;
        }
        let (took, worked) = (began.elapsed(), own_work()?.saturating_sub(worked));
        let statements = f64::from(u32::try_from(times.saturating_mul(AT_ONCE))?);
        Ok(Taken { rate: statements / took.as_secs_f64(), cost: worked.as_secs_f64() * 1e6 / statements })
    }

    /// The newest post, which is written again.
    async fn model(&self) -> Result<Model> {
        match self {
            Self::Sqlite(database, _) => Ok(Model::Row(Box::new(Post::newest(database).await?))),
            Self::Mongo(posts, _) => {
                let newest = posts.find_one(doc! {}).sort(doc! { "_id": -1 }).await?;
                Ok(Model::Document(newest.context("the program has written a post")?))
            }
        }
    }

    async fn once(&self, method: Method, model: &Model, number: usize) -> Result<()> {
        match (self, model) {
            (Self::Sqlite(database, known), Model::Row(post)) => match method {
                Method::CreatePost => post.insert(database).await,
                Method::GetFeed => feed(database).await,
                Method::GetPost => row(database, nth(known, number)?).await,
            },
            (Self::Mongo(posts, known), Model::Document(post)) => match method {
                Method::CreatePost => {
                    let mut post = post.clone();
                    post.insert("_id", mongo::id(fresh()));
                    posts.insert_one(post).await?;
                    Ok(())
                }
                Method::GetFeed => page(posts).await,
                Method::GetPost => {
                    let found = posts.find_one(mongo::not_deleted(doc! { "_id": mongo::id(nth(known, number)?) }));
                    found.projection(shown()).await?.context("it is there").map(drop)
                }
            },
            (Self::Sqlite(..), Model::Document(_)) | (Self::Mongo(..), Model::Row(_)) => {
                anyhow::bail!("a model of the same database")
            }
        }
    }
}

/// What is written.
#[derive(Clone)]
enum Model {
    Row(Box<Post>),
    Document(Document),
}

/// A row, but for what is empty in all that the load client writes.
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

    /// Committed, and on the disk.
    async fn insert(&self, database: &Database) -> Result<()> {
        let mut tx = database.begin().await?;
        sqlx::query(
            "INSERT INTO posts (id, author, persona, kind, urgency, body, categories, tags, created_at,
                feed_expires_at, urgency_rank, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )
        .bind(fresh())
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
    .bind(PAGE)
    .fetch_all(database.reader())
    .await?;
    anyhow::ensure!(!rows.is_empty(), "nobody has written anything");
    Ok(())
}

async fn row(database: &Database, post: Uuid) -> Result<()> {
    sqlx::query("SELECT * FROM posts WHERE id = ?1").bind(post).fetch_one(database.reader()).await?;
    Ok(())
}

async fn page(posts: &Collection<Document>) -> Result<()> {
    let now = mongo::bson_date(SystemClock.now());
    let there = [doc! { "feed_expires_at": null }, doc! { "feed_expires_at": { "$gt": now } }];
    let found = posts.find(mongo::not_deleted(doc! { "listed": true, "$or": there.to_vec() })).sort(doc! { "_id": -1 });
    let found = found.limit(PAGE).projection(shown()).hint(Hint::Name("posts_latest".to_owned()));
    let page: Vec<Document> = found.await?.try_collect().await?;
    anyhow::ensure!(!page.is_empty(), "nobody has written anything");
    Ok(())
}

/// What the program does not read either.
fn shown() -> Document {
    doc! { "search_terms": 0, "counted_events": 0, "archived_batches": 0, "outbox": 0 }
}

fn fresh() -> Uuid {
    PostId::new(SystemClock.now(), &SystemEntropy).uuid()
}

fn nth(known: &[Uuid], number: usize) -> Result<Uuid> {
    number.checked_rem(known.len()).and_then(|nth| known.get(nth)).copied().context("a post that is known")
}

fn ids(known: &[String]) -> Result<Vec<Uuid>> {
    Ok(known.iter().map(|id| id.parse()).collect::<Result<_, uuid::Error>>()?)
}
