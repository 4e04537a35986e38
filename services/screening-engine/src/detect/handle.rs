//! User names on other networks, and requests for contact there.

use regex::Regex;

use super::{Detect, FindingCollector, NormalizedTexts, alternation, compile, context_of};
use crate::{InvalidRuleSet, MappedText, Rule};

#[derive(Debug)]
pub(super) struct HandleDetector {
    /// A network followed by a user name.
    network_and_name: Regex,
    /// A request for contact on a network.
    contact_request: Regex,
    /// `my <network> is <name>`.
    my_name_is: Regex,
    /// `name#1234`.
    discord_tag: Regex,
    /// `@name`.
    at_name: Regex,
}

/// Words that often follow the name of a network and are not user names.
const COMMON_WORDS: [&str; 64] = [
    "gone",
    "deleted",
    "full",
    "the",
    "not",
    "private",
    "down",
    "hacked",
    "off",
    "dead",
    "over",
    "was",
    "were",
    "has",
    "had",
    "and",
    "for",
    "with",
    "this",
    "that",
    "they",
    "them",
    "there",
    "where",
    "when",
    "what",
    "who",
    "why",
    "how",
    "all",
    "always",
    "never",
    "just",
    "only",
    "now",
    "here",
    "back",
    "because",
    "but",
    "too",
    "very",
    "really",
    "so",
    "toxic",
    "evil",
    "poison",
    "trash",
    "bad",
    "good",
    "great",
    "fine",
    "open",
    "closed",
    "banned",
    "empty",
    "quiet",
    "boring",
    "useless",
    "triggering",
    "killing",
    "making",
    "making",
    "blocked",
    "broken",
];

/// Separator between the name of a network and the next word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FollowedBy {
    /// A sign such as `:`, `=` or `@`.
    Sign,
    /// `is`, `me`, a dash or a comma.
    Connective,
    Space,
}

impl HandleDetector {
    pub(super) fn new(rule: &Rule) -> Result<Self, InvalidRuleSet> {
        let unambiguous = alternation(rule.words.iter().filter(|it| !it.starts_with('~')).map(String::as_str));
        let any = alternation(rule.words.iter().map(|it| it.trim_start_matches('~')));
        let name = r"(?:\s+(?:name|handle|user ?name|user|id|acc(?:oun)?t))?";
        Ok(Self {
            network_and_name: compile(&format!(
                r"\b(?:(?P<unambiguous>{unambiguous})|{any}){name}(?P<separator>\s*(?:[:=@>]|->|is:)\s*@?|\s+(?:is|me|me on|me at)\s+@?|\s+@?|\s*[-–,]\s*@?)(?P<name>[a-z0-9_][a-z0-9._#-]+)"
            ))?,
            contact_request: compile(&format!(
                r"(?P<subject>\b[a-z']+\s+)?\b(?:(?:add|find|follow|dm|message|msg|text|txt|hit|reach|contact|pm|write|ping|chat|catch|talk|call|join)\s+(?:to\s+|with\s+|w\s+)?(?:me|us)(?:\s+up)?|hmu|let'?s (?:talk|chat|move|meet))\s+(?:on|at|via|through|thru|over|in|by)\s+(?:my\s+)?(?:{any})\b"
            ))?,
            my_name_is: compile(&format!(
                r"\bmy\s+(?:{any}){name}\s*(?:is|:|=)\s*([a-z]{{4,}})\s*(?:$|[,.!;\n]|add|hmu|dm\b)"
            ))?,
            discord_tag: compile(r"\b[a-z_][a-z0-9_.]+#[0-9]{4}\b")?,
            at_name: compile(r"(?:^|\s)(@[a-z_][a-z0-9_.]{2,})")?,
        })
    }

    fn detect_in(&self, text: &MappedText, collector: &mut FindingCollector) {
        let plain = text.text();
        for matched in self.network_and_name.captures_iter(plain) {
            let (Some(whole), Some(separator), Some(name)) =
                (matched.get(0), matched.name("separator"), matched.name("name"))
            else {
                continue;
            };
            let is_unambiguous = matched.name("unambiguous").is_some();
            let confidence = confidence(separator.as_str(), name.as_str(), is_unambiguous);
            if confidence > 0 {
                collector.add(text, whole.range(), confidence);
            }
        }
        for matched in self.contact_request.captures_iter(plain) {
            let Some(whole) = matched.get(0) else { continue };
            let (before, _) = context_of(plain, &whole.range(), 24, 0);
            let subject = matched.name("subject").map_or("", |it| it.as_str()).trim_end();
            if !is_reported_speech(&before, subject) {
                collector.add(text, whole.range(), 75);
            }
        }
        for matched in self.my_name_is.captures_iter(plain) {
            let (Some(whole), Some(name)) = (matched.get(0), matched.get(1)) else { continue };
            if !COMMON_WORDS.contains(&name.as_str()) {
                collector.add(text, whole.range(), 75);
            }
        }
        for (pattern, confidence) in [(&self.discord_tag, 80), (&self.at_name, 50)] {
            for matched in pattern.find_iter(plain) {
                collector.add(text, matched.range(), confidence);
            }
        }
    }
}

/// Returns true if the text reports what others do or did instead of asking for contact.
fn is_reported_speech(before: &str, subject: &str) -> bool {
    const REPORTING_WORDS: [&str; 22] = [
        "they", "who", "people", "guys", "men", "he", "she", "it", "dont", "don't", "not", "never", "used", "would",
        "will", "to", "didn't", "didnt", "did", "that", "ever", "always",
    ];
    REPORTING_WORDS.contains(&subject) || before.trim_end().ends_with("n't")
}

/// Returns the confidence, from 0 to 100, that the word after the name of a network is a user name.
fn confidence(separator: &str, name: &str, is_unambiguous: bool) -> u8 {
    let followed_by = match separator.trim() {
        it if it.contains([':', '=', '@', '>']) => FollowedBy::Sign,
        "is" | "me" | "me on" | "me at" | "-" | "–" | "," => FollowedBy::Connective,
        _ => FollowedBy::Space,
    };
    let name = name.trim_end_matches(['.', '-', '#']);
    let letters = name.bytes().filter(u8::is_ascii_alphabetic).count();
    let looks_like_user_name = letters > 1
        && name.len() > 3
        && (name.contains(['_', '#'])
            || name.bytes().any(|it| it.is_ascii_digit()) && starts_with_letter(name)
            || name.contains('.'));
    match followed_by {
        _ if looks_like_user_name
            && (is_unambiguous || followed_by != FollowedBy::Space || name.contains(['_', '#'])) =>
        {
            88
        }
        FollowedBy::Sign if letters > 3 && !COMMON_WORDS.contains(&name) => 72,
        FollowedBy::Sign | FollowedBy::Connective | FollowedBy::Space => 0,
    }
}

fn starts_with_letter(name: &str) -> bool {
    name.starts_with(|it: char| it.is_ascii_alphabetic())
}

impl Detect for HandleDetector {
    fn detect(&self, texts: &NormalizedTexts, collector: &mut FindingCollector) {
        self.detect_in(&texts.joined, collector);
        self.detect_in(&texts.unleeted, collector);
    }
}
