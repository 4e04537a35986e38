//! Handles for those who do not choose one: two calm words and a number.

use kith_kernel::Entropy;

/// A handle such as `quiet_river_0412`, out of 204 million. It keeps the rules of [`Handle`](crate::Handle).
#[must_use]
pub fn made_up(entropy: &dyn Entropy) -> String {
    let number = below(10_000, entropy);
    format!("{}_{}_{number:04}", word(&MOODS, entropy), word(&THINGS, entropy))
}

fn word(words: &[&'static str], entropy: &dyn Entropy) -> &'static str {
    words.get(below(words.len(), entropy)).copied().unwrap_or_default()
}

/// A number below `end`. It is even to one part in 2^48: the draw has 64 bits, and no list here needs 16.
fn below(end: usize, entropy: &dyn Entropy) -> usize {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
    usize::try_from(u64::from_le_bytes(bytes) % end).unwrap_or(0)
}

#[rustfmt::skip]
const MOODS: [&str; 142] = [
    "amber", "autumn", "azure", "balmy", "blooming", "blue", "brave", "breezy", "bright", "brisk", "bronze", "calm",
    "candid", "careful", "caring", "clear", "clever", "cloudless", "coastal", "cool", "coral", "cosy", "crisp",
    "curious", "dappled", "daring", "dawning", "deep", "dewy", "distant", "drifting", "dusky", "eager", "early",
    "earnest", "easy", "emerald", "evening", "faithful", "fearless", "floating", "fond", "forest", "free", "fresh",
    "friendly", "gentle", "gleaming", "glowing", "golden", "graceful", "grateful", "green", "happy", "hidden",
    "honest", "hopeful", "humble", "indigo", "ivory", "jade", "jolly", "kind", "lasting", "lemon", "light", "lilac",
    "limber", "little", "lively", "lofty", "loyal", "lucid", "lunar", "mellow", "merry", "mild", "mindful", "misty",
    "modest", "morning", "mossy", "noble", "olive", "open", "patient", "peaceful", "pearly", "placid", "plain",
    "pleasant", "polite", "proud", "quiet", "radiant", "rested", "restful", "rising", "rosy", "rural", "sandy",
    "sapphire", "serene", "shady", "shining", "silent", "silken", "silver", "simple", "sincere", "sky", "slow",
    "smiling", "snowy", "soft", "solar", "starry", "steady", "still", "strong", "summer", "sunlit", "sunny", "swift",
    "tender", "thankful", "tidal", "tranquil", "true", "trusty", "upland", "velvet", "verdant", "wandering", "warm",
    "welcome", "whole", "willing", "windy", "winter", "wise", "woodland",
];

#[rustfmt::skip]
const THINGS: [&str; 144] = [
    "acorn", "alder", "anchor", "apple", "arbor", "aspen", "badger", "bay", "beach", "beacon", "beaver", "beech",
    "birch", "blossom", "bluebell", "boat", "breeze", "bridge", "brook", "bumblebee", "butterfly", "cabin", "candle",
    "canyon", "cedar", "cherry", "chestnut", "clearing", "cloud", "clover", "coast", "comet", "compass", "cottage",
    "cove", "crane", "creek", "crocus", "cypress", "daisy", "dolphin", "dove", "dune", "elm", "ember", "falcon",
    "feather", "fern", "field", "finch", "firefly", "fjord", "fox", "garden", "glade", "glen", "grove", "gull",
    "harbor", "harvest", "hazel", "heather", "hedgehog", "heron", "hill", "horizon", "island", "ivy", "jasmine",
    "juniper", "kite", "lagoon", "lake", "lantern", "lark", "lavender", "lighthouse", "lily", "linden", "lotus",
    "magnolia", "maple", "marigold", "meadow", "mill", "moon", "moss", "mountain", "nest", "nightingale", "oak",
    "oasis", "ocean", "orchard", "osprey", "otter", "owl", "path", "pebble", "pine", "plum", "pond", "poplar",
    "poppy", "prairie", "puffin", "rain", "rainbow", "reed", "reef", "ridge", "river", "robin", "rose", "sail",
    "sandpiper", "sea", "shell", "shore", "snowdrop", "sparrow", "spring", "spruce", "star", "starling", "stone",
    "stream", "sunflower", "sunrise", "swallow", "swan", "thistle", "thrush", "tide", "trail", "tulip", "valley",
    "violet", "walnut", "waterfall", "wave", "willow", "wind", "wren",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kith_kernel::SystemEntropy;

    use super::*;
    use crate::Handle;

    #[test]
    fn there_are_at_least_100_words_of_each_kind_and_none_comes_twice() {
        for words in [&MOODS[..], &THINGS[..]] {
            assert!(words.len() >= 100);
            assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len());
        }
    }

    #[test]
    fn every_pair_of_words_makes_a_handle_that_is_free_to_have() {
        for mood in MOODS {
            for thing in THINGS {
                let handle = Handle::new(&format!("{mood}_{thing}_0412")).unwrap();
                assert!(!handle.is_reserved(), "{handle:?}");
            }
        }
    }

    #[test]
    fn no_two_words_of_a_kind_look_alike() {
        for words in [&MOODS[..], &THINGS[..]] {
            let looks: BTreeSet<_> =
                words.iter().map(|word| Handle::new(&format!("{word}_0")).unwrap().skeleton()).collect();
            assert_eq!(looks.len(), words.len());
        }
    }

    #[test]
    fn draws_differ() {
        let drawn: BTreeSet<_> = (0..100).map(|_| made_up(&SystemEntropy)).collect();
        assert!(drawn.len() > 95);
    }
}
