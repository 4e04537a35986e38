//! Required access and quota of every method. A method without a row cannot be called.

use kith_kernel::{
    MethodPolicy, Quota,
    RequiredAccess::{Account, Member, Moderator},
};

/// One row for each method.
pub const METHOD_POLICIES: &[MethodPolicy] = &[
    MethodPolicy::new("/kith.moderation.v1.ModerationService/ReportContent", Member, Quota::per_hour(60)),
    MethodPolicy::new("/kith.moderation.v1.ModerationService/ListMyReports", Account, Quota::per_minute(120)),
    MethodPolicy::new("/kith.moderation.v1.ModerationService/GetMyStanding", Account, Quota::per_minute(120)),
    MethodPolicy::new("/kith.moderation.v1.ModerationService/AppealDecision", Account, Quota::per_hour(30)),
    MethodPolicy::new("/kith.moderation.v1.ModerationService/ListCases", Moderator, Quota::per_minute(120)),
    MethodPolicy::new("/kith.moderation.v1.ModerationService/GetCase", Moderator, Quota::per_minute(120)),
    MethodPolicy::new("/kith.moderation.v1.ModerationService/AssignCase", Moderator, Quota::per_minute(60)),
    MethodPolicy::new("/kith.moderation.v1.ModerationService/EscalateCase", Moderator, Quota::per_minute(60)),
    MethodPolicy::new("/kith.moderation.v1.ModerationService/DecideCase", Moderator, Quota::per_minute(60)),
    MethodPolicy::new("/kith.moderation.v1.ModerationService/GetSubjectHistory", Moderator, Quota::per_minute(60)),
    MethodPolicy::new("/kith.moderation.v1.ModerationService/GetModerationStats", Moderator, Quota::per_minute(120)),
];
