//! Contribution of a slice to the process.

use std::sync::Arc;

use axum::Router;
use kith_kernel::{
    MethodPolicy,
    ports::{EventHandler, PeriodicJob, TimerHandler},
};

/// All that a slice adds to the process. The wiring merges the modules of all slices and knows nothing else of them.
pub struct Module {
    /// Name of the slice.
    pub name: &'static str,
    /// RPC methods.
    pub routes: Router,
    /// Required access and quota of each RPC method.
    pub method_policies: &'static [MethodPolicy],
    pub event_handlers: Vec<Arc<dyn EventHandler>>,
    pub periodic_jobs: Vec<Arc<dyn PeriodicJob>>,
    pub timer_handlers: Vec<Arc<dyn TimerHandler>>,
}

impl Module {
    /// Creates a module that has RPC methods only.
    #[must_use]
    pub const fn new(name: &'static str, routes: Router, method_policies: &'static [MethodPolicy]) -> Self {
        Self {
            name,
            routes,
            method_policies,
            event_handlers: Vec::new(),
            periodic_jobs: Vec::new(),
            timer_handlers: Vec::new(),
        }
    }

    /// Adds an event handler.
    #[must_use]
    pub fn with_event_handler(mut self, handler: impl EventHandler + 'static) -> Self {
        self.event_handlers.push(Arc::new(handler));
        self
    }

    /// Adds a periodic job.
    #[must_use]
    pub fn with_periodic_job(mut self, job: impl PeriodicJob + 'static) -> Self {
        self.periodic_jobs.push(Arc::new(job));
        self
    }

    /// Adds a handler of durable timers.
    #[must_use]
    pub fn with_timer_handler(mut self, handler: impl TimerHandler + 'static) -> Self {
        self.timer_handlers.push(Arc::new(handler));
        self
    }
}
