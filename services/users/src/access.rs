//! Required access and quota of every RPC method. A method without a row cannot be called.

use kith_kernel::{
    MethodPolicy, Quota,
    RequiredAccess::{Account, ActiveMember, Member},
};

/// One row per method.
pub const METHOD_POLICIES: &[MethodPolicy] = &[
    MethodPolicy::new("/kith.users.v1.UserService/GetMe", Account, Quota::per_minute(300)),
    MethodPolicy::new("/kith.users.v1.UserService/GetProfile", Member, Quota::per_minute(120)),
    // An update reveals if a handle is taken. The quota limits how many handles a caller can test.
    MethodPolicy::new("/kith.users.v1.UserService/UpdateProfile", ActiveMember, Quota::per_hour(60)),
    MethodPolicy::new("/kith.users.v1.UserService/BlockUser", Member, Quota::per_minute(60)),
    MethodPolicy::new("/kith.users.v1.UserService/UnblockUser", Member, Quota::per_minute(60)),
    MethodPolicy::new("/kith.users.v1.UserService/ListBlocks", Member, Quota::per_minute(120)),
    MethodPolicy::new("/kith.users.v1.UserService/GetPrivacySettings", Member, Quota::per_minute(120)),
    MethodPolicy::new("/kith.users.v1.UserService/UpdatePrivacySettings", Member, Quota::per_minute(30)),
];
