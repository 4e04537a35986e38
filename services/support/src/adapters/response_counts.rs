//! Counts of responses for other slices.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_trait::async_trait;
use kith_kernel::{
    PortError, PostId, UserId,
    ports::{ResponseCounts, ResponseTally},
};

use crate::store::Store;

/// Implements [`ResponseCounts`].
pub struct ResponseCountsAdapter {
    pub store: Arc<dyn Store>,
}

#[async_trait]
impl ResponseCounts for ResponseCountsAdapter {
    async fn count_by_authors(
        &self,
        authors: &BTreeSet<UserId>,
        posts: &[PostId],
    ) -> Result<HashMap<PostId, ResponseTally>, PortError> {
        if authors.is_empty() || posts.is_empty() {
            return Ok(HashMap::new());
        }
        Ok(self.store.count_by_authors(authors, posts).await?)
    }
}
