//! The trail of what staff did, from here.

use kith_kernel::audit::Entry;
use kith_storage::{StoreResult, sql, sql::Tx};

use super::Sql;

#[sql]
impl Sql<Db> {
    /// Adds these entries to the trail, in the transaction of what they tell of and at its end.
    pub(super) async fn write_down(tx: &mut Tx<Db>, entries: &[Entry]) -> StoreResult<()> {
        tx.audit(entries).await
    }
}
