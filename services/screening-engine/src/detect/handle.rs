//! Names on other networks, and the wish to go there.

use regex::Regex;

use super::{Find, Found, Views, any_of, around, expression};
use crate::{InvalidRules, Rule, View};

#[derive(Debug)]
pub(super) struct Handle {
    named: Regex,
    invited: Regex,
    told: Regex,
    tag: Regex,
    at: Regex,
}

/// What follows a network's name and is none of a person.
const COMMON: [&str; 64] = [
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

/// How a network's name was followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Sign,
    Is,
    Nothing,
}

impl Handle {
    pub(super) fn new(rule: &Rule) -> Result<Self, InvalidRules> {
        let strong = any_of(rule.words.iter().filter(|it| !it.starts_with('~')).map(String::as_str));
        let any = any_of(rule.words.iter().map(|it| it.trim_start_matches('~')));
        let name = r"(?:\s+(?:name|handle|user ?name|user|id|acc(?:oun)?t))?";
        Ok(Self {
            named: expression(&format!(
                r"\b(?:(?P<strong>{strong})|{any}){name}(?P<said>\s*(?:[:=@>]|->|is:)\s*@?|\s+(?:is|me|me on|me at)\s+@?|\s+@?|\s*[-–,]\s*@?)(?P<name>[a-z0-9_][a-z0-9._#-]+)"
            ))?,
            invited: expression(&format!(
                r"(?P<who>\b[a-z']+\s+)?\b(?:(?:add|find|follow|dm|message|msg|text|txt|hit|reach|contact|pm|write|ping|chat|catch|talk|call|join)\s+(?:to\s+|with\s+|w\s+)?(?:me|us)(?:\s+up)?|hmu|let'?s (?:talk|chat|move|meet))\s+(?:on|at|via|through|thru|over|in|by)\s+(?:my\s+)?(?:{any})\b"
            ))?,
            told: expression(&format!(
                r"\bmy\s+(?:{any}){name}\s*(?:is|:|=)\s*([a-z]{{4,}})\s*(?:$|[,.!;\n]|add|hmu|dm\b)"
            ))?,
            tag: expression(r"\b[a-z_][a-z0-9_.]+#[0-9]{4}\b")?,
            at: expression(r"(?:^|\s)(@[a-z_][a-z0-9_.]{2,})")?,
        })
    }

    fn find_in(&self, view: &View, found: &mut Found) {
        let text = view.text();
        for place in self.named.captures_iter(text) {
            let (Some(whole), Some(said), Some(name)) = (place.get(0), place.name("said"), place.name("name")) else {
                continue;
            };
            let sure = weigh(said.as_str(), name.as_str(), place.name("strong").is_some());
            if sure > 0 {
                found.add(view, whole.range(), sure);
            }
        }
        for place in self.invited.captures_iter(text) {
            let Some(whole) = place.get(0) else { continue };
            let (before, _) = around(text, &whole.range(), 24, 0);
            let who = place.name("who").map_or("", |it| it.as_str()).trim_end();
            if !tells(&before, who) {
                found.add(view, whole.range(), 75);
            }
        }
        for place in self.told.captures_iter(text) {
            let (Some(whole), Some(name)) = (place.get(0), place.get(1)) else { continue };
            if !COMMON.contains(&name.as_str()) {
                found.add(view, whole.range(), 75);
            }
        }
        for (pattern, sure) in [(&self.tag, 80), (&self.at, 50)] {
            for place in pattern.find_iter(text) {
                found.add(view, place.range(), sure);
            }
        }
    }
}

/// Whether somebody tells what others do or did, and asks for nothing.
fn tells(before: &str, who: &str) -> bool {
    const OTHERS: [&str; 22] = [
        "they", "who", "people", "guys", "men", "he", "she", "it", "dont", "don't", "not", "never", "used", "would",
        "will", "to", "didn't", "didnt", "did", "that", "ever", "always",
    ];
    OTHERS.contains(&who) || before.trim_end().ends_with("n't")
}

fn weigh(said: &str, name: &str, strong: bool) -> u8 {
    let said = match said.trim() {
        it if it.contains([':', '=', '@', '>']) => Said::Sign,
        "is" | "me" | "me on" | "me at" | "-" | "–" | "," => Said::Is,
        _ => Said::Nothing,
    };
    let name = name.trim_end_matches(['.', '-', '#']);
    let letters = name.bytes().filter(u8::is_ascii_alphabetic).count();
    let made = letters > 1
        && name.len() > 3
        && (name.contains(['_', '#'])
            || name.bytes().any(|it| it.is_ascii_digit()) && starts_with_letter(name)
            || name.contains('.'));
    match said {
        _ if made && (strong || said != Said::Nothing || name.contains(['_', '#'])) => 88,
        Said::Sign if letters > 3 && !COMMON.contains(&name) => 72,
        Said::Sign | Said::Is | Said::Nothing => 0,
    }
}

fn starts_with_letter(name: &str) -> bool {
    name.starts_with(|it: char| it.is_ascii_alphabetic())
}

impl Find for Handle {
    fn find(&self, views: &Views, found: &mut Found) {
        self.find_in(&views.joined, found);
        self.find_in(&views.unleet, found);
    }
}
