//! Required access and quota of every RPC method. A method without a row cannot be called.

use kith_kernel::{
    MethodPolicy, Quota,
    RequiredAccess::{Account, Member, Public},
};

/// One row per method. Public methods and `UpgradeAccount` are rejected if the rate limiter returns an error, because
/// unlimited calls would allow guessing of credentials, probing of addresses and mass registration. The Redis limiter
/// returns no error while Redis is unavailable: it counts locally (ADR 0012).
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
