//! Moderation state of content.

use crate::{Timestamp, event::VisibilityChange};

/// State in which content is visible only to its author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModerationState {
    /// Waits for review since this time.
    Held(Timestamp),
    /// Removed by staff at this time.
    Removed(Timestamp),
}

/// Action of staff on the visibility of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisibilityAction {
    Remove,
    /// Makes removed content visible again.
    Restore,
    /// Makes held content visible.
    Release,
}

impl ModerationState {
    /// Builds the state from its stored form. Removal takes precedence.
    #[must_use]
    pub fn from_times(held_at: Option<Timestamp>, removed_at: Option<Timestamp>) -> Option<Self> {
        removed_at.map(Self::Removed).or_else(|| held_at.map(Self::Held))
    }

    #[must_use]
    pub const fn held_at(self) -> Option<Timestamp> {
        match self {
            Self::Held(at) => Some(at),
            Self::Removed(_) => None,
        }
    }

    #[must_use]
    pub const fn removed_at(self) -> Option<Timestamp> {
        match self {
            Self::Removed(at) => Some(at),
            Self::Held(_) => None,
        }
    }
}

/// State after an action, and the changes to announce in order.
pub type Transition = (Option<ModerationState>, &'static [VisibilityChange]);

impl VisibilityAction {
    /// Returns the state after the action and its changes, or `None` if the action has no effect.
    ///
    /// Removing held content also releases it, since it has been reviewed: a later restore makes it visible.
    #[must_use]
    pub fn apply(self, state: Option<ModerationState>, now: Timestamp) -> Option<Transition> {
        match (self, state) {
            (Self::Remove, None) => Some((Some(ModerationState::Removed(now)), &[VisibilityChange::Removed])),
            (Self::Remove, Some(ModerationState::Held(_))) => {
                Some((Some(ModerationState::Removed(now)), &[VisibilityChange::Released, VisibilityChange::Removed]))
            }
            (Self::Restore, Some(ModerationState::Removed(_))) => Some((None, &[VisibilityChange::Restored])),
            (Self::Release, Some(ModerationState::Held(_))) => Some((None, &[VisibilityChange::Released])),
            (Self::Remove, Some(ModerationState::Removed(_)))
            | (Self::Restore, None | Some(ModerationState::Held(_)))
            | (Self::Release, None | Some(ModerationState::Removed(_))) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEN: Timestamp = Timestamp::from_millis(1);
    const NOW: Timestamp = Timestamp::from_millis(2);
    const STATES: [Option<ModerationState>; 3] =
        [None, Some(ModerationState::Held(THEN)), Some(ModerationState::Removed(THEN))];

    #[test]
    fn a_repeated_action_has_no_effect() {
        for state in STATES {
            for action in [VisibilityAction::Remove, VisibilityAction::Restore, VisibilityAction::Release] {
                let after = action.apply(state, NOW).map_or(state, |(after, _)| after);
                assert_eq!(action.apply(after, NOW), None, "{action:?} of {state:?}");
            }
        }
    }

    #[test]
    fn each_change_of_visibility_is_announced_once() {
        use VisibilityAction::{Release, Remove, Restore};
        let mut state = Some(ModerationState::Held(THEN));
        let mut visible = 0;
        for action in [Remove, Restore, Remove, Release, Restore, Release] {
            let Some((after, changes)) = action.apply(state, NOW) else { continue };
            state = after;
            for change in changes {
                visible += match change {
                    VisibilityChange::Released | VisibilityChange::Restored => 1,
                    VisibilityChange::Held | VisibilityChange::Removed => -1,
                };
            }
            assert_eq!(visible, i32::from(state.is_none()), "{action:?}");
        }
        assert_eq!(state, None);
    }

    #[test]
    fn a_state_survives_its_stored_form() {
        for state in STATES {
            let (held_at, removed_at) =
                (state.and_then(ModerationState::held_at), state.and_then(ModerationState::removed_at));
            assert_eq!(ModerationState::from_times(held_at, removed_at), state);
        }
    }
}
