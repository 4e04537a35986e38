//! Registry of the connections of this node by account.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kith_kernel::UserId;

use crate::outbound_queue::OutboundQueue;

#[derive(Default)]
pub(crate) struct ConnectionRegistry(Mutex<HashMap<UserId, Vec<Arc<OutboundQueue>>>>);

/// Registration of a connection. Dropping it removes the connection from the registry.
pub(crate) struct ConnectionGuard {
    registry: Arc<ConnectionRegistry>,
    user: UserId,
    queue: Arc<OutboundQueue>,
}

impl ConnectionRegistry {
    /// Registers a connection. Returns `None` if the account already has `limit` connections.
    pub(crate) fn register(
        self: &Arc<Self>,
        user: UserId,
        queue: Arc<OutboundQueue>,
        limit: usize,
    ) -> Option<ConnectionGuard> {
        let mut by_user = self.lock();
        let queues = by_user.entry(user).or_insert_with(|| Vec::with_capacity(1));
        if queues.len() >= limit {
            return None;
        }
        queues.push(queue.clone());
        drop(by_user);
        Some(ConnectionGuard { registry: self.clone(), user, queue })
    }

    /// Returns the connections of an account.
    pub(crate) fn of_user(&self, user: UserId) -> Vec<Arc<OutboundQueue>> {
        self.lock().get(&user).cloned().unwrap_or_default()
    }

    /// Returns all connections.
    pub(crate) fn all(&self) -> Vec<Arc<OutboundQueue>> {
        self.lock().values().flatten().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Vec<Arc<OutboundQueue>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        let mut by_user = self.registry.lock();
        let Some(queues) = by_user.get_mut(&self.user) else { return };
        queues.retain(|queue| !Arc::ptr_eq(queue, &self.queue));
        if queues.is_empty() {
            by_user.remove(&self.user);
        }
    }
}
