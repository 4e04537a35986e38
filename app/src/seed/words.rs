//! The fragments that texts are made of: openings, middles and endings, each of which fits the others of its sort.

/// The fragments of one sort of text.
#[derive(Debug, Clone)]
pub(super) struct Words {
    pub(super) openings: Vec<&'static str>,
    pub(super) middles: Vec<&'static str>,
    pub(super) endings: Vec<&'static str>,
}

impl Words {
    /// The fragments of a file: a line each, an empty line between the parts.
    fn of(file: &'static str) -> Self {
        let mut parts = file.split("\n\n").map(|part| part.lines().collect());
        let mut part = || parts.next().unwrap_or_default();
        Self { openings: part(), middles: part(), endings: part() }
    }
}

/// The fragments of all sorts.
#[derive(Debug, Clone)]
pub(super) struct Library {
    pub(super) sos: Words,
    pub(super) check_in: Words,
    pub(super) victory: Words,
    pub(super) question: Words,
    pub(super) answer: Words,
}

impl Library {
    pub(super) fn open() -> Self {
        Self {
            sos: Words::of(include_str!("fragments/sos.txt")),
            check_in: Words::of(include_str!("fragments/check_in.txt")),
            victory: Words::of(include_str!("fragments/victory.txt")),
            question: Words::of(include_str!("fragments/question.txt")),
            answer: Words::of(include_str!("fragments/answer.txt")),
        }
    }
}

/// What handles begin with, and what they go on with.
pub(super) const FIRST: [&str; 40] = [
    "quiet",
    "early",
    "brave",
    "slow",
    "steady",
    "soft",
    "patient",
    "little",
    "northern",
    "mossy",
    "amber",
    "paper",
    "winter",
    "summer",
    "river",
    "garden",
    "honest",
    "gentle",
    "sunny",
    "misty",
    "silver",
    "copper",
    "wandering",
    "hidden",
    "kind",
    "warm",
    "new",
    "old",
    "second",
    "morning",
    "evening",
    "calm",
    "bright",
    "hopeful",
    "stubborn",
    "careful",
    "plain",
    "light",
    "open",
    "rested",
];
pub(super) const SECOND: [&str; 40] = [
    "heron", "otter", "lantern", "maple", "harbour", "sparrow", "kettle", "meadow", "pebble", "willow", "badger",
    "candle", "compass", "cedar", "robin", "anchor", "clover", "feather", "hazel", "island", "juniper", "kite", "lark",
    "moth", "nettle", "orchard", "poppy", "quill", "rook", "saddle", "thistle", "umbrella", "violet", "walnut", "wren",
    "yarrow", "bridge", "door", "window", "path",
];
