//! Who may call which method, and how often. What is not here cannot be called.

use kith_kernel::{RequiredAccess::Member, MethodPolicy, Quota};

/// One row a method.
pub const METHOD_POLICIES: &[MethodPolicy] = &[
    MethodPolicy::new("/kith.users.v1.ProgressService/GetStreak", Member, Quota::per_minute(300)),
    MethodPolicy::new("/kith.users.v1.ProgressService/UpdateStreak", Member, Quota::per_minute(30)),
    MethodPolicy::new("/kith.users.v1.ProgressService/RecordCheckIn", Member, Quota::per_minute(30)),
    MethodPolicy::new("/kith.users.v1.ProgressService/RecordRelapse", Member, Quota::per_minute(30)),
    MethodPolicy::new("/kith.users.v1.ProgressService/WithdrawRelapse", Member, Quota::per_minute(30)),
    // It reads a year.
    MethodPolicy::new("/kith.users.v1.ProgressService/GetProgress", Member, Quota::per_minute(60)),
];
