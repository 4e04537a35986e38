//! What support answers to others of how many answers there are.

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

/// Answers [`ResponseCounts`].
pub struct Counts {
    /// Where responses are kept.
    pub store: Arc<dyn Store>,
}

#[async_trait]
impl ResponseCounts for Counts {
    async fn count_by_authors(&self, people: &BTreeSet<UserId>, posts: &[PostId]) -> Result<HashMap<PostId, ResponseTally>, PortError> {
        if people.is_empty() || posts.is_empty() {
            return Ok(HashMap::new());
        }
        Ok(self.store.given_by(people, posts).await?)
    }
}
