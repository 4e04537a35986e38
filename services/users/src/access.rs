//! Who may call which method, and how often. What is not here cannot be called.

use kith_kernel::{
    RequiredAccess::{Account, Member, ActiveMember},
    MethodPolicy, Quota,
};

/// One row a method.
pub const METHOD_POLICIES: &[MethodPolicy] = &[
    MethodPolicy::new("/kith.users.v1.UserService/GetMe", Account, Quota::per_minute(300)),
    MethodPolicy::new("/kith.users.v1.UserService/GetProfile", Member, Quota::per_minute(120)),
    // Whoever tries handles learns which are taken.
    MethodPolicy::new("/kith.users.v1.UserService/UpdateProfile", ActiveMember, Quota::per_hour(60)),
    MethodPolicy::new("/kith.users.v1.UserService/BlockUser", Member, Quota::per_minute(60)),
    MethodPolicy::new("/kith.users.v1.UserService/UnblockUser", Member, Quota::per_minute(60)),
    MethodPolicy::new("/kith.users.v1.UserService/ListBlocks", Member, Quota::per_minute(120)),
    MethodPolicy::new("/kith.users.v1.UserService/GetPrivacySettings", Member, Quota::per_minute(120)),
    MethodPolicy::new("/kith.users.v1.UserService/UpdatePrivacySettings", Member, Quota::per_minute(30)),
];
