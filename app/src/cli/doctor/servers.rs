//! Checks of a node in cluster mode.

use anyhow::Result;
use kith_storage::SchemaState;

use super::CheckResult;
use crate::{
    config::LoadedConfig,
    lifecycle::{self, backend::Backend, settings},
};

/// Checks the connection and the schema of every server. Changes nothing.
pub(super) async fn run_checks(loaded: &LoadedConfig) -> Vec<CheckResult> {
    match check_servers(loaded).await {
        Ok(results) => results,
        Err(error) => vec![CheckResult::error("servers", format!("{error:#}"))],
    }
}

async fn check_servers(loaded: &LoadedConfig) -> Result<Vec<CheckResult>> {
    let runtime = lifecycle::runtime_context(loaded)?;
    let backend = Backend::open(&loaded.config, &runtime).await?;
    let stores = backend.stores(&runtime, &settings::server_settings(&loaded.config, "http://localhost")?)?;
    let (mut results, mut is_current) = (Vec::new(), true);
    for schema in backend.schemas() {
        let state = schema.state().await;
        is_current &= matches!(state, Ok(SchemaState::Current));
        results.push(super::schema(schema.name(), state));
    }
    for check in &stores.optional_checks {
        results.push(match check.check().await {
            Ok(()) => CheckResult::ok(check.name(), "responds"),
            Err(error) => CheckResult::warning(check.name(), format!("optional dependency is unavailable: {error}")),
        });
    }
    // The checks read tables, which exist only in an up-to-date schema.
    if is_current {
        for check in &stores.required_checks {
            results.push(match check.check().await {
                Ok(()) => CheckResult::ok(check.name(), "responds"),
                Err(error) => CheckResult::error(check.name(), error.to_string()),
            });
        }
        results.push(super::dead_letters(backend.dead_letters(runtime.clock.clone()).count().await));
    }
    backend.close().await;
    Ok(results)
}
