//! The pages of feeds and searches.
//!
//! A page is read along an index, from where the last one ended, until it is full. A feed of several categories, or of
//! several kinds, is read along the index of each, and merged: one that is read along all posts would look through
//! everything that is in none of them.

use kith_kernel::Cursor;
use kith_storage::{
    StoreResult,
    sql::{At, Database},
};
use sqlx::{
    Arguments as _, AssertSqlSafe,
    sqlite::{SqliteArguments, SqlitePool},
};
use uuid::Uuid;

use super::row::{self, Row};
use crate::{
    domain::{Filter, Kind, Order, Words},
    policy::Viewer,
    store::{Placed, Question},
};

/// [`crate::policy::is_listed`] and [`Filter::admits`], but for circles and categories. `+` keeps the planner from reading along
/// an index by rank when the order is another.
const FITS: &str = "posts.deleted_at IS NULL
    AND posts.author NOT IN (SELECT unhex(value) FROM json_each(?1))
    AND (posts.author = ?2 OR ((posts.leaves_at IS NULL OR posts.leaves_at > ?3)
        AND posts.held_at IS NULL AND posts.removed_at IS NULL))
    AND (?4 IS NULL OR posts.kind IN (SELECT value FROM json_each(?4)))
    AND +posts.rank >= ?5";

/// Of public posts.
const PUBLIC: &str = "posts.circle IS NULL";

/// Before everything.
const TOP: Cursor = Cursor { rank: i64::MAX, id: Uuid::max() };

pub(super) async fn list(database: &Database, viewer: &Viewer, question: &Question<'_>) -> StoreResult<Vec<Placed>> {
    let Question { filter, order, .. } = *question;
    let mut arguments = arguments(viewer, question)?;
    let sql = if let Some(circle) = viewer.circle {
        let categories = &filter.categories;
        add(&mut arguments, circle.uuid())?;
        add(&mut arguments, (!categories.is_empty()).then(|| row::list(categories.iter())))?;
        of_circle(order)
    } else {
        for shelf in shelves(filter) {
            add(&mut arguments, shelf)?;
        }
        feed(filter, order)
    };
    let rows = rows(database.reader(), sql, arguments).await?;
    placed(rows, |row| match order {
        Order::Latest => Cursor::at(row.id),
        Order::Urgent => Cursor { rank: row.rank, id: row.id },
    })
}

pub(super) async fn search(
    database: &Database,
    viewer: &Viewer,
    words: &Words,
    question: &Question<'_>,
) -> StoreResult<Vec<Placed>> {
    let mut arguments = arguments(viewer, question)?;
    let categories = &question.filter.categories;
    add(&mut arguments, expression(words))?;
    add(&mut arguments, (!categories.is_empty()).then(|| row::list(categories.iter())))?;
    let rows = rows(database.reader(), found(), arguments).await?;
    placed(rows, |row| Cursor { rank: row.number, id: row.id })
}

/// The SQL of a feed, with ?1 to ?8 as [`arguments`] has them, and one more for each shelf.
fn feed(filter: &Filter, order: Order) -> String {
    let along = match order {
        Order::Latest => "latest",
        Order::Urgent => "urgent",
    };
    let arm = |shelf: Shelf| {
        let (source, rank, id) = match shelf {
            Shelf::All => (format!("posts INDEXED BY posts_{along} WHERE true"), "posts.rank", "posts.id"),
            Shelf::Kind(number) => {
                let source = format!("posts INDEXED BY posts_kind_{along} WHERE posts.kind = ?{number}");
                (source, "posts.rank", "posts.id")
            }
            Shelf::Category(number) => {
                let joined = "posts_categories AS place CROSS JOIN posts ON posts.id = place.post";
                (format!("{joined} WHERE place.category = ?{number}"), "place.rank", "place.post")
            }
        };
        let (behind, by) = (behind(order, rank, id), by(order, rank, id));
        format!(
            "SELECT * FROM (SELECT posts.number, posts.id, posts.rank FROM {source} AND {PUBLIC} AND {FITS} AND {behind}
                ORDER BY {by} LIMIT ?8)"
        )
    };
    let arms: Vec<String> = numbered(filter).into_iter().map(arm).collect();
    format!(
        "WITH chosen (number, id, rank) AS ({} ORDER BY {} LIMIT ?8)
         SELECT posts.* FROM chosen CROSS JOIN posts ON posts.number = chosen.number ORDER BY {}",
        arms.join(" UNION "),
        by(order, "rank", "id"),
        by(order, "chosen.rank", "chosen.id"),
    )
}

/// The SQL of a circle's feed, with ?1 to ?8 as [`arguments`] has them, then the circle and the categories.
fn of_circle(order: Order) -> String {
    let (behind, by) = (behind(order, "posts.rank", "posts.id"), by(order, "posts.rank", "posts.id"));
    format!(
        "SELECT posts.* FROM posts INDEXED BY posts_circle_latest
         WHERE posts.circle = ?9 AND {FITS} AND {behind}
           AND (?10 IS NULL OR EXISTS (SELECT 1 FROM json_each(posts.categories) AS said
               WHERE said.value IN (SELECT value FROM json_each(?10))))
         ORDER BY {by} LIMIT ?8"
    )
}

fn by(order: Order, rank: &str, id: &str) -> String {
    match order {
        Order::Latest => format!("{id} DESC"),
        Order::Urgent => format!("{rank} DESC, {id} DESC"),
    }
}

fn behind(order: Order, rank: &str, id: &str) -> String {
    match order {
        Order::Latest => format!("{id} < ?7"),
        Order::Urgent => format!("({rank}, {id}) < (?6, ?7)"),
    }
}

/// An index to read along, with the number of the argument that says where in it.
#[derive(Clone, Copy)]
enum Shelf {
    All,
    Kind(usize),
    Category(usize),
}

/// How many arguments come before those of the shelves.
const SHARED: usize = 8;

fn numbered(filter: &Filter) -> Vec<Shelf> {
    let numbers = SHARED + 1..;
    if !filter.categories.is_empty() {
        return filter.categories.iter().zip(numbers).map(|(_, number)| Shelf::Category(number)).collect();
    }
    if !filter.kinds.is_empty() {
        return filter.kinds.iter().zip(numbers).map(|(_, number)| Shelf::Kind(number)).collect();
    }
    vec![Shelf::All]
}

/// What the shelves are called, in the order of [`numbered`].
fn shelves(filter: &Filter) -> Vec<&'static str> {
    if filter.categories.is_empty() {
        return filter.kinds.iter().copied().map(Kind::word).collect();
    }
    filter.categories.iter().map(|category| category.slug()).collect()
}

/// The SQL of a search: along the index of words, from the newest post back.
fn found() -> String {
    format!(
        "SELECT posts.* FROM posts_words CROSS JOIN posts ON posts.number = posts_words.rowid
         WHERE posts_words MATCH ?9 AND posts_words.rowid < ?6 AND {PUBLIC} AND {FITS}
           AND (?10 IS NULL OR EXISTS (SELECT 1 FROM posts_categories AS place
               WHERE place.category IN (SELECT value FROM json_each(?10)) AND place.post = posts.id))
         ORDER BY posts_words.rowid DESC LIMIT ?8"
    )
}

/// The words in the language of FTS5: each a string, so that none is an operator; side by side, so that all must match.
fn expression(words: &Words) -> String {
    let quoted: Vec<String> = words.reveal().iter().map(|word| format!("\"{word}\"")).collect();
    quoted.join(" ") + "*"
}

/// ?1 to ?8 of every page.
fn arguments(viewer: &Viewer, question: &Question<'_>) -> StoreResult<SqliteArguments> {
    let Question { filter, after, limit, .. } = *question;
    let hidden: Vec<String> = viewer.hidden.iter().map(|user| user.uuid().simple().to_string()).collect();
    let kinds = (!filter.kinds.is_empty()).then(|| row::list(filter.kinds.iter().map(|kind| kind.word())));
    let after = after.unwrap_or(TOP);
    let mut arguments = SqliteArguments::default();
    add(&mut arguments, row::list(hidden.iter()))?;
    add(&mut arguments, viewer.user.uuid())?;
    add(&mut arguments, At(viewer.now))?;
    add(&mut arguments, kinds)?;
    add(&mut arguments, filter.minimum_rank())?;
    add(&mut arguments, after.rank)?;
    add(&mut arguments, after.id)?;
    add(&mut arguments, limit)?;
    Ok(arguments)
}

fn add<'t, T>(arguments: &mut SqliteArguments, value: T) -> StoreResult<()>
where
    T: sqlx::Encode<'t, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    arguments.add(value).map_err(kith_storage::StoreError::corrupt)
}

/// The text is made of constants and numbers here: whatever comes from elsewhere is an argument.
async fn rows(reader: &SqlitePool, sql: String, arguments: SqliteArguments) -> StoreResult<Vec<Row>> {
    Ok(sqlx::query_as_with(AssertSqlSafe(sql), arguments).fetch_all(reader).await?)
}

fn placed(rows: Vec<Row>, place: impl Fn(&Row) -> Cursor) -> StoreResult<Vec<Placed>> {
    rows.into_iter().map(|row| Ok(Placed { place: place(&row), post: row.into_post()? })).collect()
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;

    /// How SQLite goes about it, line by line.
    async fn plan(database: &Database, sql: &str) -> Vec<String> {
        let explained = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
        let lines = explained.fetch_all(database.reader()).await.unwrap();
        lines.iter().map(|line| line.get("detail")).collect()
    }

    fn filters() -> Vec<Filter> {
        let categories = ["alcohol", "grief"].map(|slug| slug.parse().unwrap());
        let one = Filter { categories: categories.into_iter().take(1).collect(), ..Filter::default() };
        let many = Filter { categories: categories.into(), ..Filter::default() };
        let kinds = Filter { kinds: [Kind::Sos, Kind::Question].into(), ..Filter::default() };
        vec![Filter::default(), one, many, kinds]
    }

    #[test]
    fn every_page_of_a_feed_is_read_along_an_index_from_where_the_last_one_ended() {
        kith_testkit::block_on(async {
            let database = kith_testkit::sqlite().await;
            for filter in filters() {
                for (order, along) in [(Order::Latest, "latest"), (Order::Urgent, "urgent")] {
                    let plan = plan(&database, &feed(&filter, order)).await;
                    assert!(!plan.iter().any(|line| line.starts_with("SCAN posts")), "{filter}: {plan:#?}");
                    assert!(!plan.iter().any(|line| line.starts_with("SCAN place")), "{filter}: {plan:#?}");
                    // The end of the last page is a bound of the search: `<?`, or `<(?,?)` with a rank.
                    let index = format!("_{along} (");
                    let is_walk = |line: &&String| {
                        line.starts_with("SEARCH p")
                            && (line.contains(")<(?") || line.contains("<?"))
                            && (line.contains(&index) || line.contains("PRIMARY KEY (category=? AND post<?)"))
                    };
                    let walks = plan.iter().filter(is_walk).count();
                    assert_eq!(walks, numbered(&filter).len(), "{filter}: {plan:#?}");
                }
            }
        });
    }

    #[test]
    fn a_circles_feed_is_read_along_its_own_index_from_where_the_last_page_ended() {
        kith_testkit::block_on(async {
            let database = kith_testkit::sqlite().await;
            let plan = plan(&database, &of_circle(Order::Latest)).await;
            let is_walk = |line: &String| line.contains("posts_circle_latest (circle=? AND id<?)");
            assert!(plan.iter().any(is_walk) && !plan.iter().any(|line| line.contains("TEMP B-TREE")), "{plan:#?}");
        });
    }

    #[test]
    fn a_search_reads_along_the_index_of_words() {
        kith_testkit::block_on(async {
            let database = kith_testkit::sqlite().await;
            let plan = plan(&database, &found()).await;
            assert!(plan.iter().any(|line| line.starts_with("SCAN posts_words VIRTUAL TABLE INDEX")), "{plan:#?}");
            assert!(plan.iter().any(|line| line.contains("SEARCH posts USING INTEGER PRIMARY KEY")), "{plan:#?}");
            assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE")), "{plan:#?}");
        });
    }
}
