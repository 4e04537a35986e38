//! Conversion of responses.

use kith_kernel::{Role, Timestamp, ports};
use kith_proto::{
    admin::v1::{AuditEntry, Flag as FlagMessage, StaffMember, StaffRole},
    convert,
};

use crate::{Flag, service::AuditEntryView};

pub(super) fn staff_member(member: &ports::StaffMember) -> StaffMember {
    StaffMember { persona: Some(convert::persona(&member.persona)), role: role(member.role).into() }
}

pub(super) fn flag(flag: &Flag) -> FlagMessage {
    FlagMessage {
        name: flag.name.as_str().to_owned(),
        percent: flag.percent.get().into(),
        roles: flag.roles.iter().map(|it| role(*it).into()).collect(),
        etag: flag.version.to_string(),
        changed_at: Some(convert::timestamp(flag.changed_at)),
    }
}

pub(super) fn audit_entry(entry: AuditEntryView) -> AuditEntry {
    let AuditEntryView { record, actor, subject, detail } = entry;
    AuditEntry {
        id: record.id.to_string(),
        position: record.position,
        created_at: Some(convert::timestamp(Timestamp::from_millis(record.at))),
        actor: actor.as_ref().map(convert::persona),
        action: record.action,
        subject,
        detail,
        hash: record.hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")),
    }
}

const fn role(role: Role) -> StaffRole {
    match role {
        Role::Member => StaffRole::Member,
        Role::Moderator => StaffRole::Moderator,
        Role::Admin => StaffRole::Admin,
    }
}
