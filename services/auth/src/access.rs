//! Who may call which method, and how often. What is not here cannot be called.

use kith_kernel::{
    RequiredAccess::{Account, Member, Public},
    MethodPolicy, Quota,
};

/// One row a method. What strangers may call is closed while nobody can count their calls.
pub const METHOD_POLICIES: &[MethodPolicy] = &[
    MethodPolicy::new("/kith.auth.v1.AuthService/RegisterAnonymous", Public, Quota::per_hour(30).fail_closed()),
    MethodPolicy::new("/kith.auth.v1.AuthService/RegisterWithEmail", Public, Quota::per_hour(20).fail_closed()),
    MethodPolicy::new("/kith.auth.v1.AuthService/Login", Public, Quota::per_minute(10).fail_closed()),
    MethodPolicy::new("/kith.auth.v1.AuthService/LoginWithRecoveryCode", Public, Quota::per_minute(10).fail_closed()),
    MethodPolicy::new("/kith.auth.v1.AuthService/UpgradeAccount", Account, Quota::per_hour(20).fail_closed()),
    MethodPolicy::new("/kith.auth.v1.AuthService/RefreshToken", Public, Quota::per_minute(60).fail_closed()),
    MethodPolicy::new("/kith.auth.v1.AuthService/Logout", Account, Quota::per_minute(30)),
    MethodPolicy::new("/kith.auth.v1.AuthService/ListSessions", Account, Quota::per_minute(60)),
    MethodPolicy::new("/kith.auth.v1.AuthService/RevokeSession", Account, Quota::per_minute(60)),
    MethodPolicy::new("/kith.auth.v1.AuthService/CreateRealtimeTicket", Member, Quota::per_minute(30)),
];
