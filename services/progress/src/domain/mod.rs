//! What a day, a streak, a milestone, a check-in and a journey are. Nothing here asks what time it is.
//!
//! | file | holds |
//! | --- | --- |
//! | [`zone`] | where somebody's days begin and end: [`Zone`], [`Day`] |
//! | [`journey`] | what somebody counts from and what broke it: [`Journey`] |
//! | [`streak`] | what that comes to: [`Streak`], [`Milestone`] |
//! | [`check_in`] | how somebody said they were: [`CheckIn`], [`Trigger`] |
//! | [`figures`] | what many check-ins come to, by day, weekday, hour and trigger |

pub mod check_in;
pub mod figures;
pub mod journey;
pub mod streak;
pub mod zone;

pub use self::{
    check_in::{CheckIn, Cravings, InvalidCheckIn, Mood, Note, Trigger, Triggers},
    figures::{Figures, HeatDay, Patterns},
    journey::{Goal, Journey, Relapse, Start, Told},
    streak::{MILESTONES, Milestone, Streak},
    zone::{Day, Moment, Period, UnknownDay, UnknownZone, Zone},
};
