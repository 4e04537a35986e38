//! Interfaces between slices, and between slices and infrastructure.
//!
//! A trait is added when two slices need it. It has at most five methods with ids and plain structs. If no answer is
//! needed, use an event instead.
//!
//! | module | contents |
//! | --- | --- |
//! | `audit` | audit log and checkpoints |
//! | `auth` | access tokens, sessions and WebSocket tickets |
//! | `circles` | membership, personas in circles, summaries, closure by staff |
//! | `content_moderation` | evidence and visibility of content |
//! | `content_screen` | screening of texts before publication |
//! | `crisis_resources` | hotlines by locale |
//! | `encryption` | encryption of personal fields |
//! | `ephemeral` | short-lived values |
//! | `events` | event bus, handlers, channel logs, dead letters, periodic jobs |
//! | `feature_flags` | feature flags and kill switches |
//! | `idempotency` | stored responses of keyed calls |
//! | `posts` | visible posts and counts of responses |
//! | `rate_limiter` | quotas |
//! | `staff` | platform roles |
//! | `timers` | durable timers |
//! | `users` | accounts, personas and blocks |

mod audit;
mod auth;
mod circles;
mod content_moderation;
mod content_screen;
mod crisis_resources;
mod encryption;
mod ephemeral;
mod events;
mod feature_flags;
mod idempotency;
mod posts;
mod rate_limiter;
mod staff;
mod timers;
mod users;

pub use self::{
    audit::{AuditLog, AuditQuery, CheckpointStore},
    auth::{RedeemedTicket, SessionLookup, TicketRedeemer, TokenVerifier},
    circles::{
        CircleLookup, CircleModeration, CircleOwner, CircleRole, CircleSummary, Member, Membership, PersonaRegistry,
    },
    content_moderation::{ContentContext, ContentModeration, ContextItem, Evidence, Revision},
    content_screen::{ContentScreen, Hold, HoldReason, ScreenVerdict, SubmittedText},
    crisis_resources::{CrisisResource, CrisisResourceLookup},
    encryption::{DataKey, FieldEncryption, FieldLocation},
    ephemeral::EphemeralStore,
    events::{ChannelAccess, DeadLetterStore, EventBus, EventHandler, LogSubscriber, PeriodicJob, ReplayLog},
    feature_flags::{Feature, FeatureDisabled, FeatureFlags, FlagSubject},
    idempotency::{ClaimResult, IdempotencyKey, IdempotencyStore},
    posts::{CircleContext, PostLookup, PostSummary, ResponseCounts, ResponseTally},
    rate_limiter::{RateLimitDecision, RateLimiter},
    staff::{SetRole, SetRoleOutcome, StaffDirectory, StaffMember},
    timers::{Timer, TimerHandler, TimerKey, Timers},
    users::{
        AccountDirectory, AccountMuting, AccountSummary, Badge, BlockList, CredentialLookup, NewAccount, Persona,
        PersonaLookup,
    },
};
