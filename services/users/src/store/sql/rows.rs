//! Rows of the tables.

use kith_kernel::{
    BlockId, PersonaId, UserId,
    actor::Role,
    ports::{Badge, Persona},
};
use kith_storage::{StoreError, StoreResult, sql::SqlTimestamp};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Account, Block, Privacy, Profile, domain::BADGES};

/// Persona joined with its account.
#[derive(FromRow)]
pub(super) struct AccountRow {
    persona: Uuid,
    account: Uuid,
    scope: String,
    handle: String,
    avatar: i64,
    role: String,
    points: i64,
    created_at: SqlTimestamp,
    suspended_until: Option<SqlTimestamp>,
    muted_until: Option<SqlTimestamp>,
    profile_version: i64,
    shows_points: i64,
    shows_badges: i64,
    privacy_version: i64,
}

impl AccountRow {
    /// Query without a condition.
    pub(super) const SELECT: &str = "SELECT personas.id AS persona, personas.account, personas.scope, personas.handle,
            personas.avatar, accounts.role, accounts.points, accounts.created_at, accounts.suspended_until,
            accounts.muted_until, accounts.profile_version, accounts.shows_points, accounts.shows_badges,
            accounts.privacy_version
         FROM personas JOIN accounts ON accounts.id = personas.account";

    pub(super) fn into_account(self) -> StoreResult<Account> {
        let (created_at, profile_version, privacy_version) =
            (self.created_at.0, self.profile_version, self.privacy_version);
        let suspended_until = self.suspended_until.map(|until| until.0);
        let muted_until = self.muted_until.map(|until| until.0);
        let profile = self.into_profile()?;
        Ok(Account { profile, created_at, suspended_until, muted_until, profile_version, privacy_version })
    }

    pub(super) fn into_profile(self) -> StoreResult<Profile> {
        Ok(Profile {
            id: PersonaId::from_uuid(self.persona),
            account: UserId::from_uuid(self.account),
            scope: self.scope.parse().map_err(StoreError::corrupt)?,
            handle: self.handle,
            avatar: u8::try_from(self.avatar).map_err(StoreError::corrupt)?,
            role: parse_role(&self.role)?,
            points: u32::try_from(self.points).map_err(StoreError::corrupt)?,
            privacy: Privacy { shows_points: self.shows_points != 0, shows_badges: self.shows_badges != 0 },
        })
    }
}

#[derive(FromRow)]
pub(super) struct BlockRow {
    id: Uuid,
    owner: Uuid,
    persona: Uuid,
    blocked: Uuid,
    handle: String,
    avatar: i64,
    badges: String,
    created_at: SqlTimestamp,
}

impl BlockRow {
    /// Query without a condition.
    pub(super) const SELECT: &str =
        "SELECT id, owner, persona, blocked, handle, avatar, badges, created_at FROM blocks";

    pub(super) fn into_block(self) -> StoreResult<Block> {
        let persona = Persona {
            id: PersonaId::from_uuid(self.persona),
            handle: self.handle,
            avatar: u8::try_from(self.avatar).map_err(StoreError::corrupt)?,
            badges: parse_badges(&self.badges),
        };
        Ok(Block {
            id: BlockId::from_uuid(self.id),
            owner: UserId::from_uuid(self.owner),
            blocked: UserId::from_uuid(self.blocked),
            persona,
            created_at: self.created_at.0,
        })
    }
}

fn parse_role(name: &str) -> StoreResult<Role> {
    let known = Role::ALL.into_iter().find(|role| role.as_str() == name);
    known.ok_or_else(|| StoreError::corrupt("unknown role"))
}

/// Joins the names of the badges with spaces, for one column.
pub(super) fn join_badges(badges: &[Badge]) -> String {
    let names = BADGES.into_iter().filter(|(badge, _)| badges.contains(badge)).map(|(_, name)| name);
    names.collect::<Vec<_>>().join(" ")
}

fn parse_badges(names: &str) -> Vec<Badge> {
    let contains = |name: &str| names.split(' ').any(|stored| stored == name);
    BADGES.into_iter().filter(|(_, name)| contains(name)).map(|(badge, _)| badge).collect()
}
