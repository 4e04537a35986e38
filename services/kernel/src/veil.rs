//! Why nobody but its author sees what somebody wrote.

use crate::{Timestamp, event::Moderation};

/// Keeps something from everybody but its author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Veil {
    /// It waits since then until somebody has looked at it.
    Held(Timestamp),
    /// Staff took it away then.
    Removed(Timestamp),
}

/// What staff do about something that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// They take it away.
    Remove,
    /// They give back what was taken away.
    Restore,
    /// They publish what was held.
    Release,
}

impl Veil {
    /// Of what is kept as two moments.
    #[must_use]
    pub fn of(held_at: Option<Timestamp>, removed_at: Option<Timestamp>) -> Option<Self> {
        removed_at.map(Self::Removed).or_else(|| held_at.map(Self::Held))
    }

    /// When it was held, if it is.
    #[must_use]
    pub const fn held_at(self) -> Option<Timestamp> {
        match self {
            Self::Held(at) => Some(at),
            Self::Removed(_) => None,
        }
    }

    /// When it was removed, if it is.
    #[must_use]
    pub const fn removed_at(self) -> Option<Timestamp> {
        match self {
            Self::Removed(at) => Some(at),
            Self::Held(_) => None,
        }
    }
}

impl Act {
    /// What is before something after this, and what happened, in its order; `None` if this changes nothing. What was held
    /// was looked at when it is removed: so it is released first, and given back for all.
    #[must_use]
    pub fn on(self, veil: Option<Veil>, now: Timestamp) -> Option<(Option<Veil>, &'static [Moderation])> {
        match (self, veil) {
            (Self::Remove, None) => Some((Some(Veil::Removed(now)), &[Moderation::Removed])),
            (Self::Remove, Some(Veil::Held(_))) => {
                Some((Some(Veil::Removed(now)), &[Moderation::Released, Moderation::Removed]))
            }
            (Self::Restore, Some(Veil::Removed(_))) => Some((None, &[Moderation::Reinstated])),
            (Self::Release, Some(Veil::Held(_))) => Some((None, &[Moderation::Released])),
            (Self::Remove, Some(Veil::Removed(_)))
            | (Self::Restore, None | Some(Veil::Held(_)))
            | (Self::Release, None | Some(Veil::Removed(_))) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEN: Timestamp = Timestamp::from_millis(1);
    const NOW: Timestamp = Timestamp::from_millis(2);

    #[test]
    fn an_act_done_again_changes_nothing() {
        for veil in [None, Some(Veil::Held(THEN)), Some(Veil::Removed(THEN))] {
            for act in [Act::Remove, Act::Restore, Act::Release] {
                let after = act.on(veil, NOW).map_or(veil, |(after, _)| after);
                assert_eq!(act.on(after, NOW), None, "{act:?} of {veil:?}");
            }
        }
    }

    #[test]
    fn every_appearance_and_disappearance_is_told_once() {
        let mut veil = Some(Veil::Held(THEN));
        let mut seen = 0;
        for act in [Act::Remove, Act::Restore, Act::Remove, Act::Release, Act::Restore, Act::Release] {
            let Some((after, told)) = act.on(veil, NOW) else { continue };
            veil = after;
            for how in told {
                seen += match how {
                    Moderation::Released | Moderation::Reinstated => 1,
                    Moderation::Held | Moderation::Removed => -1,
                };
            }
            assert_eq!(seen, i32::from(veil.is_none()), "{act:?}");
        }
        assert_eq!(veil, None);
    }

    #[test]
    fn what_is_kept_as_moments_comes_back() {
        for veil in [None, Some(Veil::Held(THEN)), Some(Veil::Removed(THEN))] {
            assert_eq!(Veil::of(veil.and_then(Veil::held_at), veil.and_then(Veil::removed_at)), veil);
        }
    }
}
