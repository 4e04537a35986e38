//! The questions that slices and the edge ask, and the way out for events.
//!
//! A trait enters when two slices meet at it, with at most five methods, ids and plain structs. If nobody needs the
//! answer, it is an event, not a port.
//!
//! | file | asks about |
//! | --- | --- |
//! | `circles` | who is in which circle, and how they appear there |
//! | `contents` | what people wrote, for who has to judge it |
//! | `people` | how they appear, how they stand, who is hidden from whom |
//! | `staff` | who has which role, and what is switched on for whom |
//! | `things` | what people wrote |
//! | `events` | what happened, on its way to those who react and those who listen |
//! | `audit` | what is written down of privileged acts |
//! | `callers` | who calls, how often, and what came of it |
//! | `keeping` | what is kept for a short time, or sealed |

mod audit;
mod callers;
mod circles;
mod contents;
mod events;
mod keeping;
mod people;
mod staff;
mod things;

pub use self::{
    audit::{Audit, AuditQuery, Checkpoints},
    callers::{Admission, Allowance, CallKey, Claim, Limit, Outcomes, Sessions, Tickets, Tokens},
    circles::{CircleBrief, CircleLookup, CircleOwner, CircleRole, Circles, Member, Membership, Spaces},
    contents::{Contents, Edit, Evidence, Excerpt, Hold, HoldReason, Screen, Verdict, Written},
    events::{Bus, ChannelAccess, DeadLetters, Listener, Live, Reaction, Sweep},
    keeping::{DataKey, Ephemeral, Place, Vault},
    people::{AccountState, Accounts, Badge, Blocks, Identities, Mutes, NewAccount, Persona, Personas},
    staff::{Flags, RoleOrder, RoleSet, Staff, StaffMember},
    things::{Inside, PostBrief, PostLookup, ResponseCounts, Tallies},
};
