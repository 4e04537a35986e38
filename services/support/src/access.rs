//! Who may call which method, and how often. What is not here cannot be called.

use kith_kernel::{
    RequiredAccess::{Member, ActiveMember},
    MethodPolicy, Quota,
};

/// One row a method.
pub const METHOD_POLICIES: &[MethodPolicy] = &[
    MethodPolicy::new("/kith.support.v1.SupportService/CreateResponse", ActiveMember, Quota::per_minute(30)),
    MethodPolicy::new("/kith.support.v1.SupportService/ListResponses", Member, Quota::per_minute(600)),
    MethodPolicy::new("/kith.support.v1.SupportService/DeleteResponse", Member, Quota::per_minute(60)),
    MethodPolicy::new("/kith.support.v1.SupportService/QuickSupport", ActiveMember, Quota::per_minute(60)),
    MethodPolicy::new("/kith.support.v1.SupportService/MarkHelpful", Member, Quota::per_minute(60)),
    MethodPolicy::new("/kith.support.v1.SupportService/GetSupportStats", Member, Quota::per_minute(120)),
];
