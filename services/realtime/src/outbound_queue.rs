//! Queue of one connection, bounded in bytes. The task of the connection drains it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use kith_kernel::{SessionId, replay_log::LogOffset};

use crate::{
    close::{CloseFrame, CloseReason},
    shared_frame::SharedFrame,
    wire::Format,
};

/// Shared handle to a connection.
pub(crate) struct OutboundQueue {
    pub(crate) session: SessionId,
    pub(crate) format: Format,
    limit: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    items: VecDeque<QueueItem>,
    /// Size of the queued items, and of the taken items that are not written yet.
    bytes: usize,
    waker: Option<Waker>,
    close: Option<CloseFrame>,
    needs_revalidation: bool,
}

/// Item from a topic.
pub(crate) enum QueueItem {
    Event(Arc<SharedFrame>),
    /// The topic has added the subscription with this id; entries after the offset follow.
    Joined(Box<(u64, LogOffset)>),
    /// The topic with this id has lost entries up to the offset.
    Gap(Box<(u64, LogOffset)>),
    /// The topic could not subscribe to the log for the subscription with this id.
    Failed(u64),
}

/// Work of the connection's task, most urgent first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Close the connection.
    Close(CloseFrame),
    /// Revalidate permissions before anything else is sent.
    Revalidate,
    /// Items were taken.
    Items,
}

/// Size that an item without an event counts as.
const CONTROL_ITEM_BYTES: usize = 128;

impl OutboundQueue {
    pub(crate) fn new(session: SessionId, format: Format, limit: usize) -> Self {
        Self { session, format, limit, state: Mutex::default() }
    }

    /// Appends an item. On overflow the connection is closed instead of dropping the item: a client that resumes
    /// recovers all events.
    pub(crate) fn push(&self, item: QueueItem) {
        let byte_len = self.byte_len(&item);
        let mut state = self.state();
        if state.close.is_some() {
            return;
        }
        state.bytes += byte_len;
        if state.bytes > self.limit {
            state.close = Some(CloseReason::SlowConsumer.into());
            state.items = VecDeque::new();
        } else {
            state.items.push_back(item);
        }
        wake(state);
    }

    /// Closes the connection, unless it is already closing.
    pub(crate) fn close(&self, frame: CloseFrame) {
        let mut state = self.state();
        state.close.get_or_insert(frame);
        wake(state);
    }

    /// Pauses delivery until the connection has revalidated its permissions.
    pub(crate) fn revalidate(&self) {
        let mut state = self.state();
        state.needs_revalidation = true;
        wake(state);
    }

    /// Returns the next work. Moves at most `limit` items into `batch`.
    pub(crate) fn poll(&self, cx: &mut Context<'_>, batch: &mut VecDeque<QueueItem>, limit: usize) -> Poll<Work> {
        let mut state = self.state();
        if let Some(work) = state.take_urgent() {
            return Poll::Ready(work);
        }
        if state.items.is_empty() {
            state.register_waker(cx);
            return Poll::Pending;
        }
        if state.items.len() <= limit && batch.is_empty() {
            std::mem::swap(&mut state.items, batch);
        } else {
            let count = limit.min(state.items.len());
            batch.extend(state.items.drain(..count));
        }
        Poll::Ready(Work::Items)
    }

    /// Returns the next work that must not wait for the socket.
    pub(crate) fn poll_urgent(&self, cx: &mut Context<'_>) -> Poll<Work> {
        let mut state = self.state();
        if let Some(work) = state.take_urgent() {
            return Poll::Ready(work);
        }
        state.register_waker(cx);
        Poll::Pending
    }

    /// Releases the size of items that were written or dropped.
    pub(crate) fn release(&self, bytes: usize) {
        let mut state = self.state();
        state.bytes = state.bytes.saturating_sub(bytes);
    }

    pub(crate) fn byte_len(&self, item: &QueueItem) -> usize {
        match item {
            QueueItem::Event(frame) => frame.byte_len(self.format),
            QueueItem::Joined(_) | QueueItem::Gap(_) | QueueItem::Failed(_) => CONTROL_ITEM_BYTES,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_urgent(&mut self) -> Option<Work> {
        if let Some(frame) = self.close {
            return Some(Work::Close(frame));
        }
        std::mem::take(&mut self.needs_revalidation).then_some(Work::Revalidate)
    }

    fn register_waker(&mut self, cx: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            empty => *empty = Some(cx.waker().clone()),
        }
    }
}

/// Wakes after releasing the lock, since the woken task takes it at once.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}
