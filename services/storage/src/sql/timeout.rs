//! Timeout of database operations.

use std::time::Duration;

use crate::StoreError;

/// Limits `work` to `timeout`; `None` means no limit.
pub(super) fn with_timeout<T, E: From<StoreError>>(
    timeout: Option<Duration>,
    work: impl Future<Output = Result<T, E>>,
) -> impl Future<Output = Result<T, E>> {
    // Boxed before the first poll: the future holds the whole body of a store method.
    let work = Box::pin(work);
    async move {
        let Some(timeout) = timeout else { return work.await };
        let result = tokio::time::timeout(timeout, work).await;
        result.unwrap_or_else(|elapsed| Err(StoreError::Unavailable(elapsed.into()).into()))
    }
}
