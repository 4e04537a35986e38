//! A transaction that writes.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use aws_lc_rs::digest::{Context, SHA256};
use sqlx::{Sqlite, Transaction};

use super::{Engine, Wake, database::within};
use crate::{StoreError, StoreResult};

/// A transaction that writes. Dropping it takes all of it back.
#[derive(Debug)]
pub struct Tx<D: Engine = Sqlite> {
    inner: Transaction<'static, D>,
    wake: Wake,
    patience: Option<Duration>,
    pub(super) recorded: bool,
}

impl<D: Engine> Tx<D> {
    pub(super) const fn new(inner: Transaction<'static, D>, wake: Wake, patience: Option<Duration>) -> Self {
        Self { inner, wake, patience, recorded: false }
    }

    /// Waits until no other transaction holds `key` for `what`, and holds it until the end of this one: what is read
    /// after this is still so when it is written. A transaction that reads before it writes says this first, unless its
    /// first statement writes to the row that all others write to first.
    ///
    /// In SQLite whoever writes is alone already. Who holds two holds them in the same order as everybody.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn hold(&mut self, what: &'static str, key: &[u8]) -> StoreResult<()> {
        let number = lock_number(what, key)?;
        D::hold(&mut self.inner, number).await
    }

    /// Makes it true, all of it at once, and wakes whoever sends events on.
    ///
    /// One in which a statement failed is dropped instead, with `?`: Postgres would take all of it back here and say
    /// nothing, and SQLite would keep half of it.
    ///
    /// # Errors
    /// Only those of the database. Nothing of it is true then; or, if the database fell silent, all of it or nothing.
    pub async fn commit(self) -> StoreResult<()> {
        let Self { inner, wake, patience, recorded } = self;
        within(patience, async { Ok::<_, StoreError>(inner.commit().await?) }).await?;
        if recorded {
            wake.ring();
        }
        Ok(())
    }

    /// Takes all of it back.
    ///
    /// # Errors
    /// Only those of the database. Nothing of it is true then, either.
    pub async fn rollback(self) -> StoreResult<()> {
        let Self { inner, patience, .. } = self;
        within(patience, async { Ok(inner.rollback().await?) }).await
    }
}

impl<D: Engine> Deref for Tx<D> {
    type Target = D::Connection;

    fn deref(&self) -> &D::Connection {
        &self.inner
    }
}

impl<D: Engine> DerefMut for Tx<D> {
    fn deref_mut(&mut self) -> &mut D::Connection {
        &mut self.inner
    }
}

/// What stands for a name and a key where only a number can be held. Two that share one wait for each other for nothing,
/// and that is all.
fn lock_number(what: &str, key: &[u8]) -> StoreResult<i64> {
    let mut context = Context::new(&SHA256);
    context.update(what.as_bytes());
    context.update(&[0]);
    context.update(key);
    let digest = context.finish();
    let first = digest.as_ref().first_chunk::<8>().ok_or_else(|| StoreError::corrupt("a digest of no length"))?;
    Ok(i64::from_be_bytes(*first))
}
