//! Who may call which method, and how often. What is not here cannot be called.

use kith_kernel::{
    Access::{Account, Admin, Member, Moderator},
    Procedure, Quota,
};

/// One row a method.
pub const PROCEDURES: &[Procedure] = &[
    Procedure::new("/kith.moderation.v1.ModerationService/ReportContent", Member, Quota::per_hour(60)),
    Procedure::new("/kith.moderation.v1.ModerationService/ListMyReports", Account, Quota::per_minute(120)),
    Procedure::new("/kith.moderation.v1.ModerationService/GetMyStanding", Account, Quota::per_minute(120)),
    Procedure::new("/kith.moderation.v1.ModerationService/AppealDecision", Account, Quota::per_hour(30)),
    Procedure::new("/kith.moderation.v1.ModerationService/ListCases", Moderator, Quota::per_minute(120)),
    Procedure::new("/kith.moderation.v1.ModerationService/GetCase", Moderator, Quota::per_minute(120)),
    Procedure::new("/kith.moderation.v1.ModerationService/AssignCase", Moderator, Quota::per_minute(60)),
    Procedure::new("/kith.moderation.v1.ModerationService/EscalateCase", Moderator, Quota::per_minute(60)),
    Procedure::new("/kith.moderation.v1.ModerationService/DecideCase", Moderator, Quota::per_minute(60)),
    Procedure::new("/kith.moderation.v1.ModerationService/GetSubjectHistory", Moderator, Quota::per_minute(60)),
    Procedure::new("/kith.moderation.v1.ModerationService/GetModerationStats", Moderator, Quota::per_minute(120)),
    Procedure::new("/kith.moderation.v1.ModerationService/ListRules", Moderator, Quota::per_minute(120)),
    Procedure::new("/kith.moderation.v1.ModerationService/PutRule", Admin, Quota::per_hour(60).or_refuse()),
    // Each reads hundreds of posts.
    Procedure::new("/kith.moderation.v1.ModerationService/TryRule", Moderator, Quota::per_minute(12)),
    // It names who works on what, and which accounts were in danger.
    Procedure::new("/kith.moderation.v1.ModerationService/ListAuditLog", Admin, Quota::per_minute(120)),
    // Whoever has taken an admin's device should not empty or fill the house in a moment.
    Procedure::new("/kith.moderation.v1.AdminService/GrantRole", Admin, Quota::per_hour(60).or_refuse()),
    Procedure::new("/kith.moderation.v1.AdminService/RevokeRole", Admin, Quota::per_hour(60).or_refuse()),
    Procedure::new("/kith.moderation.v1.AdminService/ListStaff", Admin, Quota::per_minute(120)),
    Procedure::new("/kith.moderation.v1.AdminService/ListFlags", Admin, Quota::per_minute(120)),
    Procedure::new("/kith.moderation.v1.AdminService/PutFlag", Admin, Quota::per_minute(60)),
];
