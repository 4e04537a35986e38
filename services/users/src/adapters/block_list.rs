//! Mutual block list.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use kith_kernel::{PortError, UserId, ports::BlockList};

use crate::store::Store;

/// Implements [`BlockList`].
pub struct BlockListAdapter {
    pub store: Arc<dyn Store>,
}

#[async_trait]
impl BlockList for BlockListAdapter {
    async fn hidden_from(&self, viewer: UserId) -> Result<BTreeSet<UserId>, PortError> {
        Ok(self.store.hidden_from(viewer).await?)
    }
}
