//! Required access and quota of every RPC method.

use kith_kernel::{
    MethodPolicy, Quota,
    RequiredAccess::{ActiveMember, Member},
};

/// Policies of all methods. A method without a row cannot be called.
pub const METHOD_POLICIES: &[MethodPolicy] = &[
    MethodPolicy::new("/kith.support.v1.SupportService/CreateResponse", ActiveMember, Quota::per_minute(30)),
    MethodPolicy::new("/kith.support.v1.SupportService/ListResponses", Member, Quota::per_minute(600)),
    MethodPolicy::new("/kith.support.v1.SupportService/DeleteResponse", Member, Quota::per_minute(60)),
    MethodPolicy::new("/kith.support.v1.SupportService/QuickSupport", ActiveMember, Quota::per_minute(60)),
    MethodPolicy::new("/kith.support.v1.SupportService/MarkHelpful", Member, Quota::per_minute(60)),
    MethodPolicy::new("/kith.support.v1.SupportService/GetSupportStats", Member, Quota::per_minute(120)),
];
