//! Generator of handles: adjective, noun and number.

use kith_kernel::Entropy;

/// Maximum number of handles that are generated for one persona.
///
/// If half of the 204 million handles were taken, one in 65,536 requests would fail.
pub const MAX_HANDLE_ATTEMPTS: u32 = 16;

/// Returns a random handle such as `quiet_river_0412`, one of 204 million. It is a valid [`Handle`](crate::Handle).
#[must_use]
pub fn generate(entropy: &dyn Entropy) -> String {
    let number = random_below(10_000, entropy);
    format!("{}_{}_{number:04}", random_word(&ADJECTIVES, entropy), random_word(&NOUNS, entropy))
}

fn random_word(words: &[&'static str], entropy: &dyn Entropy) -> &'static str {
    words.get(random_below(words.len(), entropy)).copied().unwrap_or_default()
}

/// Returns a random number below `end`. 64 random bits for fewer than 2^16 values make the bias at most one in 2^48.
fn random_below(end: usize, entropy: &dyn Entropy) -> usize {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
    usize::try_from(u64::from_le_bytes(bytes) % end).unwrap_or(0)
}

#[rustfmt::skip]
const ADJECTIVES: [&str; 142] = [
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
const NOUNS: [&str; 144] = [
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
    fn each_word_list_has_at_least_100_distinct_words() {
        for words in [&ADJECTIVES[..], &NOUNS[..]] {
            assert!(words.len() >= 100);
            assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len());
        }
    }

    #[test]
    fn every_combination_of_words_is_a_valid_handle_that_is_not_reserved() {
        for adjective in ADJECTIVES {
            for noun in NOUNS {
                let handle = Handle::new(&format!("{adjective}_{noun}_0412")).unwrap();
                assert!(!handle.is_reserved(), "{handle:?}");
            }
        }
    }

    #[test]
    fn words_of_a_list_do_not_look_alike() {
        for words in [&ADJECTIVES[..], &NOUNS[..]] {
            let skeletons: BTreeSet<_> =
                words.iter().map(|word| Handle::new(&format!("{word}_0")).unwrap().skeleton()).collect();
            assert_eq!(skeletons.len(), words.len());
        }
    }

    #[test]
    fn generated_handles_differ() {
        let handles: BTreeSet<_> = (0..100).map(|_| generate(&SystemEntropy)).collect();
        assert!(handles.len() > 95);
    }
}
