//! Required access and quota of every method. A method without a row cannot be called.

use kith_kernel::{
    MethodPolicy, Quota,
    RequiredAccess::{Account, Admin},
};

/// One row per method.
pub const METHOD_POLICIES: &[MethodPolicy] = &[
    // A stolen admin session must not be able to replace all staff at once.
    MethodPolicy::new("/kith.admin.v1.AdminService/GrantRole", Admin, Quota::per_hour(60).fail_closed()),
    MethodPolicy::new("/kith.admin.v1.AdminService/RevokeRole", Admin, Quota::per_hour(60).fail_closed()),
    MethodPolicy::new("/kith.admin.v1.AdminService/ListStaff", Admin, Quota::per_minute(120)),
    MethodPolicy::new("/kith.admin.v1.AdminService/ListFlags", Admin, Quota::per_minute(120)),
    MethodPolicy::new("/kith.admin.v1.AdminService/ListMyFlags", Account, Quota::per_minute(120)),
    MethodPolicy::new("/kith.admin.v1.AdminService/PutFlag", Admin, Quota::per_minute(60)),
    // The log names the staff that handled a case and the accounts that were in danger.
    MethodPolicy::new("/kith.admin.v1.AdminService/ListAuditLog", Admin, Quota::per_minute(120)),
];
