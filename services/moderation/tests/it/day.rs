//! A moderator's day.
