//! Domain types of progress. Nothing here reads the clock.
//!
//! | file | contents |
//! | --- | --- |
//! | [`check_in`] | [`CheckIn`] and its validated parts, [`Trigger`] |
//! | [`date`] | [`Date`] and [`DateRange`] |
//! | [`recovery_profile`] | [`RecoveryProfile`]: the settings and relapses from which streaks are computed |
//! | [`stats`] | [`ProgressStats`] by weekday, hour, trigger and day |
//! | [`streak`] | [`Streak`] and [`Milestone`], computed from a profile |
//! | [`time_zone`] | [`TimeZone`] and [`ZonedInstant`] |

pub mod check_in;
pub mod date;
pub mod recovery_profile;
pub mod stats;
pub mod streak;
pub mod time_zone;

pub use self::{
    check_in::{CheckIn, Cravings, InvalidCheckIn, Mood, Note, Trigger, Triggers},
    date::{Date, DateRange, InvalidDate},
    recovery_profile::{AnnouncedMilestone, Goal, RecoveryProfile, Relapse, StreakStart},
    stats::{HEAT_MAP_DAYS, HeatMapDay, Patterns, ProgressStats},
    streak::{MILESTONES, Milestone, Streak},
    time_zone::{TimeZone, UnknownTimeZone, ZonedInstant},
};
