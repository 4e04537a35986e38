//! Pages of feeds and searches.
//!
//! A page is read in the order of an index, from the position of the previous page, until it is full. A feed of several
//! categories or kinds reads the index of each and merges the results. Reading the index of all posts instead would
//! scan every post that does not match.

use kith_kernel::Cursor;
use kith_storage::{
    StoreResult,
    sql::{Database, SqlTimestamp},
};
use sqlx::{
    Arguments as _, AssertSqlSafe,
    sqlite::{SqliteArguments, SqlitePool},
};
use uuid::Uuid;

use super::row::{self, PostRow};
use crate::{
    domain::{Filter, Kind, Order, SearchQuery},
    policy::Viewer,
    store::{PageQuery, Positioned},
};

/// Conditions of [`crate::policy::is_listed`] and [`Filter::matches`], except for circles and categories. The `+` keeps
/// the planner from choosing an index by rank for another order.
const LISTED: &str = "posts.deleted_at IS NULL
    AND posts.author NOT IN (SELECT unhex(value) FROM json_each(?1))
    AND (posts.author = ?2 OR ((posts.feed_expires_at IS NULL OR posts.feed_expires_at > ?3)
        AND posts.held_at IS NULL AND posts.removed_at IS NULL))
    AND (?4 IS NULL OR posts.kind IN (SELECT value FROM json_each(?4)))
    AND +posts.urgency_rank >= ?5";

const PUBLIC: &str = "posts.circle IS NULL";

/// Position before the first post.
const START: Cursor = Cursor { rank: i64::MAX, id: Uuid::max() };

pub(super) async fn list(
    database: &Database,
    viewer: &Viewer,
    page_query: &PageQuery<'_>,
) -> StoreResult<Vec<Positioned>> {
    let PageQuery { filter, order, .. } = *page_query;
    let mut arguments = arguments(viewer, page_query)?;
    let sql = if let Some(circle) = viewer.circle {
        let categories = &filter.categories;
        add(&mut arguments, circle.uuid())?;
        add(&mut arguments, (!categories.is_empty()).then(|| row::list(categories.iter())))?;
        circle_feed_sql(order)
    } else {
        for key in index_keys(filter) {
            add(&mut arguments, key)?;
        }
        feed_sql(filter, order)
    };
    let rows = rows(database.reader(), sql, arguments).await?;
    positioned(rows, |row| match order {
        Order::Latest => Cursor::at(row.id),
        Order::Urgent => Cursor { rank: row.urgency_rank, id: row.id },
    })
}

pub(super) async fn search(
    database: &Database,
    viewer: &Viewer,
    query: &SearchQuery,
    page_query: &PageQuery<'_>,
) -> StoreResult<Vec<Positioned>> {
    let mut arguments = arguments(viewer, page_query)?;
    let categories = &page_query.filter.categories;
    add(&mut arguments, match_expression(query))?;
    add(&mut arguments, (!categories.is_empty()).then(|| row::list(categories.iter())))?;
    let rows = rows(database.reader(), search_sql(), arguments).await?;
    positioned(rows, |row| Cursor { rank: row.row_id, id: row.id })
}

/// SQL of the public feed. Parameters: ?1 to ?8 of [`arguments`], then one for each of [`index_keys`].
fn feed_sql(filter: &Filter, order: Order) -> String {
    let suffix = match order {
        Order::Latest => "latest",
        Order::Urgent => "urgent",
    };
    let arm = |index: FeedIndex| {
        let (source, rank, id) = match index {
            FeedIndex::All => (format!("posts INDEXED BY posts_{suffix} WHERE true"), "posts.urgency_rank", "posts.id"),
            FeedIndex::Kind(number) => {
                let source = format!("posts INDEXED BY posts_kind_{suffix} WHERE posts.kind = ?{number}");
                (source, "posts.urgency_rank", "posts.id")
            }
            FeedIndex::Category(number) => {
                let joined = "post_categories AS pc CROSS JOIN posts ON posts.id = pc.post";
                (format!("{joined} WHERE pc.category = ?{number}"), "pc.urgency_rank", "pc.post")
            }
        };
        let (after, by) = (after_cursor(order, rank, id), order_by(order, rank, id));
        format!(
            "SELECT * FROM (SELECT posts.row_id, posts.id, posts.urgency_rank FROM {source}
                AND {PUBLIC} AND {LISTED} AND {after} ORDER BY {by} LIMIT ?8)"
        )
    };
    let arms: Vec<String> = feed_indexes(filter).into_iter().map(arm).collect();
    format!(
        "WITH chosen (row_id, id, urgency_rank) AS ({} ORDER BY {} LIMIT ?8)
         SELECT posts.* FROM chosen CROSS JOIN posts ON posts.row_id = chosen.row_id ORDER BY {}",
        arms.join(" UNION "),
        order_by(order, "urgency_rank", "id"),
        order_by(order, "chosen.urgency_rank", "chosen.id"),
    )
}

/// SQL of the feed of a circle. Parameters: ?1 to ?8 of [`arguments`], the circle, the categories.
fn circle_feed_sql(order: Order) -> String {
    let (after, by) =
        (after_cursor(order, "posts.urgency_rank", "posts.id"), order_by(order, "posts.urgency_rank", "posts.id"));
    format!(
        "SELECT posts.* FROM posts INDEXED BY posts_circle_latest
         WHERE posts.circle = ?9 AND {LISTED} AND {after}
           AND (?10 IS NULL OR EXISTS (SELECT 1 FROM json_each(posts.categories) AS category
               WHERE category.value IN (SELECT value FROM json_each(?10))))
         ORDER BY {by} LIMIT ?8"
    )
}

fn order_by(order: Order, rank: &str, id: &str) -> String {
    match order {
        Order::Latest => format!("{id} DESC"),
        Order::Urgent => format!("{rank} DESC, {id} DESC"),
    }
}

fn after_cursor(order: Order, rank: &str, id: &str) -> String {
    match order {
        Order::Latest => format!("{id} < ?7"),
        Order::Urgent => format!("({rank}, {id}) < (?6, ?7)"),
    }
}

/// Index that a part of a feed reads, with the number of the parameter that holds the key.
#[derive(Clone, Copy)]
enum FeedIndex {
    All,
    Kind(usize),
    Category(usize),
}

/// Number of parameters before those of the index keys.
const SHARED_PARAMETERS: usize = 8;

fn feed_indexes(filter: &Filter) -> Vec<FeedIndex> {
    let numbers = SHARED_PARAMETERS + 1..;
    if !filter.categories.is_empty() {
        return filter.categories.iter().zip(numbers).map(|(_, number)| FeedIndex::Category(number)).collect();
    }
    if !filter.kinds.is_empty() {
        return filter.kinds.iter().zip(numbers).map(|(_, number)| FeedIndex::Kind(number)).collect();
    }
    vec![FeedIndex::All]
}

/// Keys of the indexes, in the order of [`feed_indexes`].
fn index_keys(filter: &Filter) -> Vec<&'static str> {
    if filter.categories.is_empty() {
        return filter.kinds.iter().copied().map(Kind::as_str).collect();
    }
    filter.categories.iter().map(|category| category.slug()).collect()
}

/// SQL of a search. It reads the full-text index from the newest post back.
fn search_sql() -> String {
    format!(
        "SELECT posts.* FROM posts_fts CROSS JOIN posts ON posts.row_id = posts_fts.rowid
         WHERE posts_fts MATCH ?9 AND posts_fts.rowid < ?6 AND {PUBLIC} AND {LISTED}
           AND (?10 IS NULL OR EXISTS (SELECT 1 FROM post_categories AS pc
               WHERE pc.category IN (SELECT value FROM json_each(?10)) AND pc.post = posts.id))
         ORDER BY posts_fts.rowid DESC LIMIT ?8"
    )
}

/// FTS5 expression that matches all words. Each word is quoted, so that none is an operator.
fn match_expression(query: &SearchQuery) -> String {
    let quoted: Vec<String> = query.expose().iter().map(|word| format!("\"{word}\"")).collect();
    quoted.join(" ") + "*"
}

/// Parameters ?1 to ?8 of every page.
fn arguments(viewer: &Viewer, page_query: &PageQuery<'_>) -> StoreResult<SqliteArguments> {
    let PageQuery { filter, after, limit, .. } = *page_query;
    let hidden: Vec<String> = viewer.hidden.iter().map(|user| user.uuid().simple().to_string()).collect();
    let kinds = (!filter.kinds.is_empty()).then(|| row::list(filter.kinds.iter().map(|kind| kind.as_str())));
    let after = after.unwrap_or(START);
    let mut arguments = SqliteArguments::default();
    add(&mut arguments, row::list(hidden.iter()))?;
    add(&mut arguments, viewer.user.uuid())?;
    add(&mut arguments, SqlTimestamp(viewer.now))?;
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

/// The SQL is built from constants and parameter numbers only; all values are bound.
async fn rows(reader: &SqlitePool, sql: String, arguments: SqliteArguments) -> StoreResult<Vec<PostRow>> {
    Ok(sqlx::query_as_with(AssertSqlSafe(sql), arguments).fetch_all(reader).await?)
}

fn positioned(rows: Vec<PostRow>, cursor: impl Fn(&PostRow) -> Cursor) -> StoreResult<Vec<Positioned>> {
    rows.into_iter().map(|row| Ok(Positioned { cursor: cursor(&row), post: row.into_post()? })).collect()
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;

    /// Lines of the query plan.
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
    fn every_feed_page_is_an_index_search_from_the_end_of_the_previous_page() {
        kith_testkit::block_on(async {
            let database = kith_testkit::sqlite_database().await;
            for filter in filters() {
                for (order, suffix) in [(Order::Latest, "latest"), (Order::Urgent, "urgent")] {
                    let plan = plan(&database, &feed_sql(&filter, order)).await;
                    assert!(!plan.iter().any(|line| line.starts_with("SCAN posts")), "{filter}: {plan:#?}");
                    assert!(!plan.iter().any(|line| line.starts_with("SCAN pc")), "{filter}: {plan:#?}");
                    // The end of the previous page is a bound of the search: `<?`, or `<(?,?)` with a rank.
                    let index = format!("_{suffix} (");
                    let is_index_search = |line: &&String| {
                        line.starts_with("SEARCH p")
                            && (line.contains(")<(?") || line.contains("<?"))
                            && (line.contains(&index) || line.contains("PRIMARY KEY (category=? AND post<?)"))
                    };
                    let searches = plan.iter().filter(is_index_search).count();
                    assert_eq!(searches, feed_indexes(&filter).len(), "{filter}: {plan:#?}");
                }
            }
        });
    }

    #[test]
    fn a_circle_feed_page_is_an_index_search_from_the_end_of_the_previous_page() {
        kith_testkit::block_on(async {
            let database = kith_testkit::sqlite_database().await;
            let plan = plan(&database, &circle_feed_sql(Order::Latest)).await;
            let is_index_search = |line: &String| line.contains("posts_circle_latest (circle=? AND id<?)");
            assert!(
                plan.iter().any(is_index_search) && !plan.iter().any(|line| line.contains("TEMP B-TREE")),
                "{plan:#?}"
            );
        });
    }

    #[test]
    fn a_search_reads_the_full_text_index() {
        kith_testkit::block_on(async {
            let database = kith_testkit::sqlite_database().await;
            let plan = plan(&database, &search_sql()).await;
            assert!(plan.iter().any(|line| line.starts_with("SCAN posts_fts VIRTUAL TABLE INDEX")), "{plan:#?}");
            assert!(plan.iter().any(|line| line.contains("SEARCH posts USING INTEGER PRIMARY KEY")), "{plan:#?}");
            assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE")), "{plan:#?}");
        });
    }
}
