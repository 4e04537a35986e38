//! `kith grant` and `kith audit verify`. Both work beside a server.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use kith_kernel::{
    PersonaId, Role, SystemClock, SystemEntropy,
    audit::OPERATOR,
    ports::{RoleOrder, RoleSet, Staff as _},
};
use kith_storage::audit::{Unsound, verify};
use kith_users::{Directory, Handle, Profile, store::Store};

use crate::{
    cli::{Grant, Granted},
    config::Loaded,
    lifecycle::{self, beside::Beside},
    wiring::edges::seals,
};

/// Gives somebody a role, as the operator's own act.
///
/// # Errors
/// If nobody is called so, or the databases are not there.
#[expect(clippy::print_stdout, reason = "what is asked is answered")]
pub async fn grant(loaded: &Loaded, asked: &Grant) -> Result<()> {
    let beside = Beside::open(&loaded.config).await?;
    let role = match asked.role {
        Granted::Moderator => Role::Moderator,
        Granted::Admin => Role::Admin,
    };
    let profile = whom(&*beside.people, &asked.whom).await?;
    let directory =
        Directory { store: beside.people.clone(), clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
    let order = RoleOrder { user: profile.owner, role, by: OPERATOR, session: None };
    let (handle, id, role) = (&profile.handle, profile.id, role.word());
    match directory.set_role(&order).await? {
        RoleSet::Done => println!("{handle} ({id}) has the role {role} from now on"),
        RoleSet::Already => println!("{handle} ({id}) has the role {role} already"),
        RoleSet::LastAdmin => bail!("{handle} ({id}) is the last admin, and stays one"),
    }
    beside.close().await;
    Ok(())
}

/// By the id of a public persona, or by its handle, letter for letter.
async fn whom(people: &dyn Store, asked: &str) -> Result<Profile> {
    let nobody = || format!("nobody is called {asked} in public");
    let found = if let Ok(persona) = asked.parse::<PersonaId>() {
        match people.profile(persona).await? {
            Some(found) => people.account(found.owner).await?.map(|account| account.profile),
            None => None,
        }
        .filter(|public| public.id == persona)
    } else {
        let handle = Handle::new(asked).with_context(nobody)?;
        people.called(&handle).await?
    };
    let found = found.with_context(nobody)?;
    // One that only looks like it may be somebody who hoped for this.
    if found.id.to_string() != asked && found.handle != asked {
        bail!("nobody is called {asked} in public; somebody is called {}", found.handle);
    }
    Ok(found)
}

/// Verifies all of the audit trail and its checkpoints; whether it is sound.
///
/// # Errors
/// If it cannot be read.
#[expect(clippy::print_stdout, reason = "what is asked is answered")]
pub async fn verify_audit(loaded: &Loaded) -> Result<bool> {
    let beside = Beside::open(&loaded.config).await?;
    let seals = seals(&lifecycle::world(loaded)?.ring)?;
    let found = verify(&*beside.audit, &beside.checkpoints, &seals).await;
    beside.close().await;
    match found {
        Ok(sound) => {
            for (place, count) in &sound.places {
                println!("{count} checkpoints in {place} fit");
            }
            println!("OK: {} lines, each bound to the one before it", sound.head.position);
            Ok(true)
        }
        Err(Unsound::Unread(failure)) => Err(failure.into()),
        Err(fault @ (Unsound::Broken(_) | Unsound::Forged { .. })) => {
            println!("NOT SOUND: {fault}");
            Ok(false)
        }
    }
}
