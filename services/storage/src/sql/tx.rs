//! Write transaction.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use aws_lc_rs::digest::{Context, SHA256};
use sqlx::{Sqlite, Transaction};

use super::{Engine, timeout::with_timeout};
use crate::{OutboxNotifier, StoreError, StoreResult};

/// Write transaction. Dropping it rolls it back.
#[derive(Debug)]
pub struct Tx<D: Engine = Sqlite> {
    inner: Transaction<'static, D>,
    notifier: OutboxNotifier,
    op_timeout: Option<Duration>,
    /// True if events were appended to the outbox.
    pub(super) has_events: bool,
}

impl<D: Engine> Tx<D> {
    pub(super) const fn new(
        inner: Transaction<'static, D>,
        notifier: OutboxNotifier,
        op_timeout: Option<Duration>,
    ) -> Self {
        Self { inner, notifier, op_timeout, has_events: false }
    }

    /// Takes an exclusive lock on `(namespace, key)` until the transaction ends.
    ///
    /// Call it before the first read of a read-modify-write transaction, unless the first statement updates a row that
    /// all such transactions update first. Transactions with several locks must take them in the same order.
    ///
    /// In SQLite this does nothing, because write transactions are exclusive.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn lock(&mut self, namespace: &'static str, key: &[u8]) -> StoreResult<()> {
        let number = lock_number(namespace, key)?;
        D::lock(&mut self.inner, number).await
    }

    /// Commits, and notifies the relay if events were appended.
    ///
    /// Do not commit after a failed statement; return its error with `?`, which drops the transaction. Postgres would
    /// roll back without an error, and SQLite would commit the statements that succeeded.
    ///
    /// # Errors
    /// Database errors only. Nothing is committed then, except after a timeout: all or nothing is committed.
    pub async fn commit(self) -> StoreResult<()> {
        let Self { inner, notifier, op_timeout, has_events } = self;
        with_timeout(op_timeout, async { Ok::<_, StoreError>(inner.commit().await?) }).await?;
        if has_events {
            notifier.notify();
        }
        Ok(())
    }

    /// Rolls back.
    ///
    /// # Errors
    /// Database errors only. Nothing is committed in this case either.
    pub async fn rollback(self) -> StoreResult<()> {
        let Self { inner, op_timeout, .. } = self;
        with_timeout(op_timeout, async { Ok(inner.rollback().await?) }).await
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

/// Maps a namespace and a key to an advisory lock number. Collisions are harmless: they only cause needless waiting.
fn lock_number(namespace: &str, key: &[u8]) -> StoreResult<i64> {
    let mut context = Context::new(&SHA256);
    context.update(namespace.as_bytes());
    context.update(&[0]);
    context.update(key);
    let digest = context.finish();
    let first = digest.as_ref().first_chunk::<8>().ok_or_else(|| StoreError::corrupt("empty digest"))?;
    Ok(i64::from_be_bytes(*first))
}
