//! `kith.admin.v1.AdminService`.
//!
//! | file | contents |
//! | --- | --- |
//! | `handlers` | one function per method: convert, call, convert |
//! | `request` | conversion of requests |
//! | `presenter` | conversion of responses |

mod handlers;
mod presenter;
mod request;

pub use self::handlers::{Handlers, router};
