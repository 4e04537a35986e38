//! Registry of the kinds of content that moderation acts on.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use kith_kernel::{
    ContentId, ContentKind, ErrorKind, PortError, UserId,
    ports::{ContentContext, ContentModeration, Evidence},
};

/// Dispatches moderation to the slice that owns the kind of a piece of content. Each slice with content registers its kind
/// in `ports.rs`.
#[derive(Default)]
pub(super) struct ContentRegistry {
    kinds: BTreeMap<ContentKind, Arc<dyn ContentModeration>>,
    context: Vec<Arc<dyn ContentContext>>,
}

impl ContentRegistry {
    /// Adds a kind of content.
    pub(super) fn with_kind(mut self, kind: ContentKind, moderation: Arc<dyn ContentModeration>) -> Self {
        self.kinds.insert(kind, moderation);
        self
    }

    /// Adds a slice whose content is context of other kinds.
    pub(super) fn with_context(mut self, context: Arc<dyn ContentContext>) -> Self {
        self.context.push(context);
        self
    }

    fn owner(&self, content: ContentId) -> Result<&dyn ContentModeration, PortError> {
        let owner = self.kinds.get(&content.kind());
        let owner = owner.ok_or_else(|| PortError::new(ErrorKind::Internal, "content kind is not registered"))?;
        Ok(&**owner)
    }
}

#[async_trait]
impl ContentModeration for ContentRegistry {
    async fn evidence(&self, content: ContentId, viewer: Option<UserId>) -> Result<Option<Evidence>, PortError> {
        let Some(mut evidence) = self.owner(content)?.evidence(content, viewer).await? else { return Ok(None) };
        for slice in &self.context {
            evidence.context.extend(slice.context_of(content).await?);
        }
        Ok(Some(evidence))
    }

    async fn remove(&self, content: ContentId, by: UserId) -> Result<(), PortError> {
        self.owner(content)?.remove(content, by).await
    }

    async fn restore(&self, content: ContentId, by: UserId) -> Result<(), PortError> {
        self.owner(content)?.restore(content, by).await
    }

    async fn release(&self, content: ContentId, by: UserId) -> Result<(), PortError> {
        self.owner(content)?.release(content, by).await
    }

    async fn recent(&self, limit: usize) -> Result<Vec<Evidence>, PortError> {
        let mut recent = Vec::new();
        for owner in self.kinds.values() {
            recent.extend(owner.recent(limit).await?);
        }
        recent.sort_by_key(|evidence| std::cmp::Reverse(evidence.at));
        recent.truncate(limit);
        Ok(recent)
    }
}
