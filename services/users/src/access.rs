//! Who may call which method, and how often. What is not here cannot be called.

use kith_kernel::{
    Access::{Account, Member, Writer},
    Procedure, Quota,
};

/// One row a method.
pub const PROCEDURES: &[Procedure] = &[
    Procedure::new("/kith.users.v1.UserService/GetMe", Account, Quota::per_minute(300)),
    Procedure::new("/kith.users.v1.UserService/GetProfile", Member, Quota::per_minute(120)),
    // Whoever tries handles learns which are taken.
    Procedure::new("/kith.users.v1.UserService/UpdateProfile", Writer, Quota::per_hour(60)),
    Procedure::new("/kith.users.v1.UserService/BlockUser", Member, Quota::per_minute(60)),
    Procedure::new("/kith.users.v1.UserService/UnblockUser", Member, Quota::per_minute(60)),
    Procedure::new("/kith.users.v1.UserService/ListBlocks", Member, Quota::per_minute(120)),
    Procedure::new("/kith.users.v1.UserService/GetPrivacySettings", Member, Quota::per_minute(120)),
    Procedure::new("/kith.users.v1.UserService/UpdatePrivacySettings", Member, Quota::per_minute(30)),
];
