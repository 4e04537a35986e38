//! `kith grant` and `kith audit verify`. Both can run next to a server.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use kith_kernel::{
    PersonaId, Role, SystemClock, SystemEntropy,
    audit::OPERATOR,
    ports::{SetRole, SetRoleOutcome, StaffDirectory as _},
};
use kith_storage::audit::{AuditVerifyError, verify};
use kith_users::{Handle, Profile, adapters::StaffDirectoryAdapter, store::Store};

use crate::{
    cli::{Grant, GrantableRole},
    config::LoadedConfig,
    lifecycle::{self, offline::OfflineStores},
    wiring::entrypoints::checkpoint_keys,
};

/// Grants a staff role. The audit log names the operator as the actor.
///
/// # Errors
/// If no public persona has this id or handle, or the databases cannot be opened.
#[expect(clippy::print_stdout, reason = "output of the command")]
pub async fn grant(loaded: &LoadedConfig, args: &Grant) -> Result<()> {
    let stores = OfflineStores::open(&loaded.config).await?;
    let role = match args.role {
        GrantableRole::Moderator => Role::Moderator,
        GrantableRole::Admin => Role::Admin,
    };
    let profile = find_profile(&*stores.users, &args.persona_or_handle).await?;
    let directory = StaffDirectoryAdapter {
        store: stores.users.clone(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    let request = SetRole { user: profile.account, role, by: OPERATOR, session: None };
    let (handle, id, role) = (&profile.handle, profile.id, role.as_str());
    match directory.set_role(&request).await? {
        SetRoleOutcome::Changed => println!("granted role {role} to {handle} ({id})"),
        SetRoleOutcome::Unchanged => println!("{handle} ({id}) already has role {role}"),
        SetRoleOutcome::LastAdmin => bail!("{handle} ({id}) is the last admin; grant another admin first"),
    }
    stores.close().await;
    Ok(())
}

/// Finds an account by the id of its public persona, or by its exact handle.
async fn find_profile(users: &dyn Store, name: &str) -> Result<Profile> {
    let not_found = || format!("no public persona with id or handle {name}");
    let profile = if let Ok(persona) = name.parse::<PersonaId>() {
        match users.get_profile(persona).await? {
            Some(public) => users.get_account(public.account).await?.map(|account| account.profile),
            None => None,
        }
        .filter(|public| public.id == persona)
    } else {
        let handle = Handle::new(name).with_context(not_found)?;
        users.find_by_handle(&handle).await?
    };
    let profile = profile.with_context(not_found)?;
    // Handles are compared without regard to look-alike letters, and the operator may have meant another account.
    if profile.id.to_string() != name && profile.handle != name {
        bail!("no public persona with id or handle {name}; did you mean {}?", profile.handle);
    }
    Ok(profile)
}

/// Verifies the audit log and its checkpoints. Returns true if they are valid.
///
/// # Errors
/// If a store cannot be read.
#[expect(clippy::print_stdout, reason = "output of the command")]
pub async fn verify_audit(loaded: &LoadedConfig) -> Result<bool> {
    let stores = OfflineStores::open(&loaded.config).await?;
    let keys = checkpoint_keys(&lifecycle::runtime_context(loaded)?.ring)?;
    let result = verify(&*stores.audit, &stores.checkpoints, &keys).await;
    stores.close().await;
    match result {
        Ok(verified) => {
            for (location, count) in &verified.stores {
                println!("{count} checkpoints in {location} are valid");
            }
            println!("OK: {} records, the hash chain is valid", verified.head.position);
            Ok(true)
        }
        Err(AuditVerifyError::Unreadable(error)) => Err(error.into()),
        Err(error @ (AuditVerifyError::Chain(_) | AuditVerifyError::InvalidCheckpoint { .. })) => {
            println!("INVALID: {error}");
            Ok(false)
        }
    }
}
