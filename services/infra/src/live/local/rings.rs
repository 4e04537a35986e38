//! Which rings there are, and what is still known of those that were given up.

use std::{collections::HashMap, sync::Arc};

use kith_kernel::{Channel, Timestamp};

use super::{Ring, lock};

/// How many channels without a ring are remembered: about 100 bytes each.
const REMEMBERED: usize = 16 * 1024;

/// All channels of the log.
///
/// A ring that nobody needs is given up, but not the sequence that it ended with: whoever comes back to a channel on
/// which nothing was published since is up to date, however long they were away, and needs no fresh position meanwhile.
#[derive(Default)]
pub(super) struct Rings {
    held: HashMap<Channel, Arc<Ring>>,
    ended: HashMap<Channel, u64>,
    /// Every channel that is neither held nor remembered ended at this sequence, or before.
    floor: u64,
}

impl Rings {
    /// The ring of a channel; a new one begins where the last one ended.
    pub(super) fn ring(&mut self, channel: &Channel) -> Arc<Ring> {
        if let Some(ring) = self.held.get(channel) {
            return ring.clone();
        }
        let ring = Arc::new(Ring::from(self.ended.remove(channel).unwrap_or(self.floor)));
        self.held.insert(channel.clone(), ring.clone());
        ring
    }

    /// How many listen to a channel.
    pub(super) fn interest(&self, channel: &Channel) -> usize {
        self.held.get(channel).map_or(0, |ring| ring.bell.receiver_count())
    }

    /// Gives up the rings that nobody holds and that have nothing from `horizon` or later.
    pub(super) fn sweep(&mut self, horizon: Timestamp) {
        let Self { held, ended, .. } = self;
        held.retain(|channel, ring| {
            let needed =
                Arc::strong_count(ring) > 1 || lock(&ring.log).entries.back().is_some_and(|(at, _)| *at >= horizon);
            if !needed {
                ended.insert(channel.clone(), *ring.bell.borrow());
            }
            needed
        });
        if self.ended.len() > REMEMBERED {
            self.forget();
        }
    }

    /// Forgets the older half of what is remembered.
    fn forget(&mut self) {
        let mut ends: Vec<u64> = self.ended.values().copied().collect();
        let middle = ends.len() / 2;
        let (_, median, _) = ends.select_nth_unstable(middle);
        self.floor = self.floor.max(*median);
        self.ended.retain(|_, end| *end > self.floor);
    }
}

#[cfg(test)]
mod tests {
    use kith_kernel::PostId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_remembered_is_bounded_and_what_is_not_is_never_taken_for_up_to_date() {
        let mut rings = Rings::default();
        let name = |number: u64| Channel::Post(PostId::from_uuid(Uuid::from_u128(number.into())));
        for number in 0..=u64::try_from(REMEMBERED).unwrap() {
            rings.ring(&name(number)).bell.send_replace(number + 1);
        }
        rings.sweep(Timestamp::from_millis(0));
        assert!(rings.held.is_empty() && rings.ended.len() <= REMEMBERED);
        let newest = u64::try_from(REMEMBERED).unwrap();
        assert_eq!(*rings.ring(&name(newest)).bell.borrow(), newest + 1, "the newer half is exact");
        assert!(*rings.ring(&name(0)).bell.borrow() >= 1, "the older half is no earlier than it was");
    }
}
