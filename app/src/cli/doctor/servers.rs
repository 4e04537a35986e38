//! What would keep a node of a cluster from working.

use anyhow::Result;
use kith_storage::sql::Schema;

use super::Finding;
use crate::{
    config::Loaded,
    lifecycle::{self, kept::Kept, settings},
};

/// Asks every server, and looks at what it keeps. Nothing is changed.
pub(super) async fn examine(loaded: &Loaded) -> Vec<Finding> {
    match look(loaded).await {
        Ok(findings) => findings,
        Err(error) => vec![Finding::wrong("servers", format!("{error:#}"))],
    }
}

async fn look(loaded: &Loaded) -> Result<Vec<Finding>> {
    let world = lifecycle::world(loaded)?;
    let kept = Kept::open(&loaded.config, &world).await?;
    let stores = kept.stores(&world, &settings::of(&loaded.config, "http://localhost")?)?;
    let (mut findings, mut current) = (Vec::new(), true);
    for kept in kept.schemas() {
        let found = kept.schema().await;
        current &= matches!(found, Ok(Schema::Current));
        findings.push(super::schema(kept.name(), found));
    }
    for want in &stores.wants {
        findings.push(match want.check().await {
            Ok(()) => Finding::fine(want.name(), "answers"),
            Err(failure) => Finding::odd(want.name(), format!("calls are answered without it, but: {failure}")),
        });
    }
    // What is asked of them is in tables that have to be there.
    if current {
        for need in &stores.needs {
            findings.push(match need.check().await {
                Ok(()) => Finding::fine(need.name(), "answers"),
                Err(failure) => Finding::wrong(need.name(), failure.to_string()),
            });
        }
        findings.push(super::given_up(kept.letters(world.clock.clone()).count().await));
    }
    kept.close().await;
    Ok(findings)
}
