//! Fragments of generated texts: openings, middles and endings. Each fits all others of its kind.

/// Fragments of one kind of text.
#[derive(Debug, Clone)]
pub(super) struct Fragments {
    pub(super) openings: Vec<&'static str>,
    pub(super) middles: Vec<&'static str>,
    pub(super) endings: Vec<&'static str>,
}

impl Fragments {
    /// Parses a file with one fragment a line and an empty line between the parts.
    fn parse(file: &'static str) -> Self {
        let mut parts = file.split("\n\n").map(|part| part.lines().collect());
        let mut part = || parts.next().unwrap_or_default();
        Self { openings: part(), middles: part(), endings: part() }
    }
}

/// Fragments of all kinds of text.
#[derive(Debug, Clone)]
pub(super) struct Library {
    pub(super) sos: Fragments,
    pub(super) check_in: Fragments,
    pub(super) victory: Fragments,
    pub(super) question: Fragments,
    pub(super) response: Fragments,
}

impl Library {
    pub(super) fn load() -> Self {
        Self {
            sos: Fragments::parse(include_str!("fragments/sos.txt")),
            check_in: Fragments::parse(include_str!("fragments/check_in.txt")),
            victory: Fragments::parse(include_str!("fragments/victory.txt")),
            question: Fragments::parse(include_str!("fragments/question.txt")),
            response: Fragments::parse(include_str!("fragments/response.txt")),
        }
    }
}

/// First and second part of handles.
pub(super) const HANDLE_ADJECTIVES: [&str; 40] = [
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
pub(super) const HANDLE_NOUNS: [&str; 40] = [
    "heron", "otter", "lantern", "maple", "harbour", "sparrow", "kettle", "meadow", "pebble", "willow", "badger",
    "candle", "compass", "cedar", "robin", "anchor", "clover", "feather", "hazel", "island", "juniper", "kite", "lark",
    "moth", "nettle", "orchard", "poppy", "quill", "rook", "saddle", "thistle", "umbrella", "violet", "walnut", "wren",
    "yarrow", "bridge", "door", "window", "path",
];
