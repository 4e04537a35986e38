//! Required access and quota of every method. A method without a row cannot be called.

use kith_kernel::{
    MethodPolicy, Quota,
    RequiredAccess::{Admin, Moderator},
};

/// One row per method.
pub const METHOD_POLICIES: &[MethodPolicy] = &[
    MethodPolicy::new("/kith.screening.v1.ScreeningService/ListRules", Moderator, Quota::per_minute(120)),
    MethodPolicy::new("/kith.screening.v1.ScreeningService/PutRule", Admin, Quota::per_hour(60).fail_closed()),
    // Each call reads hundreds of posts.
    MethodPolicy::new("/kith.screening.v1.ScreeningService/TryRule", Moderator, Quota::per_minute(12)),
];
