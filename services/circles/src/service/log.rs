//! The log of a circle.

use std::collections::BTreeSet;

use kith_kernel::{Actor, CircleId, Cursor, Page, PageSize, UserId};

use super::Service;
use crate::{Error, store::CircleLogEntry};

/// Number of rows per read. More rows are read than a page has, because some may be hidden from the actor.
const BATCH_SIZE: i64 = 128;

impl Service {
    /// Returns a page of the log, newest first, and the token of the next page. Only keepers can read it. Entries by or
    /// about accounts that are hidden from the actor are omitted.
    ///
    /// # Errors
    /// [`Error::Rejected`]; [`Error::Pagination`] for a token of another list.
    pub async fn list_log(
        &self,
        actor: &Actor,
        circle: CircleId,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<CircleLogEntry>, String), Error> {
        self.ensure_keeper(actor, circle).await?;
        let list = format!("circle:{circle}:log");
        let mut before = self.page_tokens.cursor(&list, token)?.map(|cursor| cursor.id);
        let hidden = self.hidden_from(actor).await?;
        let mut entries = Vec::new();
        loop {
            let batch = self.store.list_log(circle, before, BATCH_SIZE).await?;
            before = batch.last().map(|entry| entry.token);
            let has_more = i64::try_from(batch.len()).is_ok_and(|count| count == BATCH_SIZE);
            entries.extend(batch.into_iter().filter(|entry| !involves_any(entry, &hidden)));
            let is_complete = i64::try_from(entries.len()).is_ok_and(|count| count >= size.lookahead());
            if is_complete || !has_more {
                break;
            }
        }
        let page = Page::from_lookahead(entries, size, |entry| Cursor::at(entry.token));
        Ok((page.items, self.page_tokens.token(&list, page.next)))
    }
}

fn involves_any(entry: &CircleLogEntry, users: &BTreeSet<UserId>) -> bool {
    users.contains(&entry.stamp.actor) || entry.target.is_some_and(|target| users.contains(&target))
}
