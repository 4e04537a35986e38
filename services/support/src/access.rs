//! Who may call which method, and how often. What is not here cannot be called.

use kith_kernel::{
    Access::{Member, Writer},
    Procedure, Quota,
};

/// One row a method.
pub const PROCEDURES: &[Procedure] = &[
    Procedure::new("/kith.support.v1.SupportService/CreateResponse", Writer, Quota::per_minute(30)),
    Procedure::new("/kith.support.v1.SupportService/ListResponses", Member, Quota::per_minute(600)),
    Procedure::new("/kith.support.v1.SupportService/DeleteResponse", Member, Quota::per_minute(60)),
    Procedure::new("/kith.support.v1.SupportService/QuickSupport", Writer, Quota::per_minute(60)),
    Procedure::new("/kith.support.v1.SupportService/MarkHelpful", Member, Quota::per_minute(60)),
    Procedure::new("/kith.support.v1.SupportService/GetSupportStats", Member, Quota::per_minute(120)),
];
