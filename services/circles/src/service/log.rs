//! What was done.

use std::collections::BTreeSet;

use kith_kernel::{Actor, CircleId, Cursor, Page, PageSize, UserId};

use super::Service;
use crate::{Error, store::Entry};

/// How many are read at once for a page: of those, some may be about somebody who is hidden.
const READ: i64 = 128;

impl Service {
    /// What was done in a circle, newest first, for keepers, and the token of the next page; nothing that somebody who is
    /// hidden from the actor did, or that was done to them.
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::Page`] for a token that was not handed out for this list.
    pub async fn log(
        &self,
        actor: &Actor,
        circle: CircleId,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<Entry>, String), Error> {
        self.must_keep(actor, circle).await?;
        let list = format!("circle:{circle}:log");
        let mut before = self.pager.cursor(&list, token)?.map(|cursor| cursor.id);
        let hidden = self.hidden(actor).await?;
        let mut entries = Vec::new();
        loop {
            let read = self.store.log(circle, before, READ).await?;
            before = read.last().map(|entry| entry.mark);
            let more = i64::try_from(read.len()).is_ok_and(|count| count == READ);
            entries.extend(read.into_iter().filter(|entry| !is_of(entry, &hidden)));
            let enough = i64::try_from(entries.len()).is_ok_and(|count| count >= size.lookahead());
            if enough || !more {
                break;
            }
        }
        let page = Page::from_lookahead(entries, size, |entry| Cursor::at(entry.mark));
        Ok((page.items, self.pager.token(&list, page.next)))
    }
}

fn is_of(entry: &Entry, hidden: &BTreeSet<UserId>) -> bool {
    hidden.contains(&entry.by.actor) || entry.subject.is_some_and(|subject| hidden.contains(&subject))
}
