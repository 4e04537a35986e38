//! Required access and quota of every RPC method. A method without a row cannot be called.

use kith_kernel::{MethodPolicy, Quota, RequiredAccess::Member};

/// One row per method.
pub const METHOD_POLICIES: &[MethodPolicy] = &[
    MethodPolicy::new("/kith.users.v1.ProgressService/GetStreak", Member, Quota::per_minute(300)),
    MethodPolicy::new("/kith.users.v1.ProgressService/UpdateStreak", Member, Quota::per_minute(30)),
    MethodPolicy::new("/kith.users.v1.ProgressService/RecordCheckIn", Member, Quota::per_minute(30)),
    MethodPolicy::new("/kith.users.v1.ProgressService/RecordRelapse", Member, Quota::per_minute(30)),
    MethodPolicy::new("/kith.users.v1.ProgressService/WithdrawRelapse", Member, Quota::per_minute(30)),
    // Lower than the quota of GetStreak: one call reads the check-ins of a year.
    MethodPolicy::new("/kith.users.v1.ProgressService/GetProgress", Member, Quota::per_minute(60)),
];
