//! Who may call which method, and how often. What is not here cannot be called.

use kith_kernel::{
    Access::{Account, Member, Public},
    Procedure, Quota,
};

/// One row a method. What strangers may call is closed while nobody can count their calls.
pub const PROCEDURES: &[Procedure] = &[
    Procedure::new("/kith.auth.v1.AuthService/RegisterAnonymous", Public, Quota::per_hour(30).or_refuse()),
    Procedure::new("/kith.auth.v1.AuthService/RegisterWithEmail", Public, Quota::per_hour(20).or_refuse()),
    Procedure::new("/kith.auth.v1.AuthService/Login", Public, Quota::per_minute(10).or_refuse()),
    Procedure::new("/kith.auth.v1.AuthService/LoginWithRecoveryCode", Public, Quota::per_minute(10).or_refuse()),
    Procedure::new("/kith.auth.v1.AuthService/UpgradeAccount", Account, Quota::per_hour(20).or_refuse()),
    Procedure::new("/kith.auth.v1.AuthService/RefreshToken", Public, Quota::per_minute(60).or_refuse()),
    Procedure::new("/kith.auth.v1.AuthService/Logout", Account, Quota::per_minute(30)),
    Procedure::new("/kith.auth.v1.AuthService/ListSessions", Account, Quota::per_minute(60)),
    Procedure::new("/kith.auth.v1.AuthService/RevokeSession", Account, Quota::per_minute(60)),
    Procedure::new("/kith.auth.v1.AuthService/CreateRealtimeTicket", Member, Quota::per_minute(30)),
];
