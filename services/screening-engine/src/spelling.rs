//! Spaced-out words, digits in place of letters, and signs written as words.

use regex::Regex;

use crate::{InvalidRuleSet, MappedText};

/// Units that can follow a number without a space. Such a token is an amount, not a word with look-alike digits.
const UNITS: [&str; 40] = [
    "mg", "ml", "mcg", "g", "kg", "lb", "lbs", "oz", "am", "pm", "a", "p", "h", "hr", "hrs", "m", "min", "mins", "s",
    "sec", "d", "day", "days", "w", "wk", "wks", "y", "yr", "yrs", "k", "x", "th", "st", "nd", "rd", "mm", "cm", "ft",
    "c", "f",
];

/// Joins words that are written letter by letter: `k i k`, `k.i.k`. Two consecutive spaces separate words.
pub(crate) fn join_spaced_letters(text: &MappedText) -> MappedText {
    let mut new = MappedText::default();
    let mut run: Vec<(usize, usize)> = Vec::new();
    let mut done = 0;
    for (start, end) in tokens(text.text()) {
        let token = text.text().get(start..end).unwrap_or_default();
        let is_adjacent = run.last().is_none_or(|last| start <= last.1 + 2);
        if token.chars().count() == 1 && is_adjacent {
            run.push((start, end));
            continue;
        }
        flush_run(text, &mut new, &mut run, &mut done);
        if token.chars().count() == 1 {
            run.push((start, end));
        } else if is_sign_separated(token) {
            new.push_range(text, done..start);
            for (at, character) in token.char_indices().filter(|(at, it)| at % 2 == 0 || *it == ':') {
                new.push_range(text, start + at..start + at + character.len_utf8());
            }
            done = end;
        }
    }
    flush_run(text, &mut new, &mut run, &mut done);
    new.push_range(text, done..text.text().len());
    new
}

/// Appends a run of single characters, joined if it has at least three letters.
fn flush_run(text: &MappedText, new: &mut MappedText, run: &mut Vec<(usize, usize)>, done: &mut usize) {
    let is_letter =
        |at: &&(usize, usize)| text.text().get(at.0..at.1).is_some_and(|it| it.chars().all(char::is_alphabetic));
    if run.iter().filter(is_letter).count() >= 3 {
        let mut last: Option<usize> = None;
        for &(start, end) in run.iter() {
            match last {
                None => new.push_range(text, *done..start),
                Some(last) if start > last + 1 => new.push_range(text, last..last + 1),
                Some(_) => {}
            }
            new.push_range(text, start..end);
            last = Some(end);
        }
        *done = last.unwrap_or(*done);
    }
    run.clear();
}

/// Returns true for single letters with a sign between each two: `s.n.a.p`, `s*n*a*p:`.
fn is_sign_separated(token: &str) -> bool {
    let token = token.strip_suffix(':').unwrap_or(token);
    let letters = token.chars().step_by(2).filter(char::is_ascii_alphabetic).count();
    token.is_ascii()
        && token.len() % 2 == 1
        && letters >= 3
        && token.chars().step_by(2).all(|it| it.is_ascii_alphanumeric())
        && token.chars().skip(1).step_by(2).all(|it| matches!(it, '.' | '*' | '-' | '_' | '~' | '|' | '/'))
}

/// Returns the ranges between white space.
fn tokens(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices() {
        if character.is_whitespace() {
            found.extend(start.take().map(|start| (start, at)));
        } else if start.is_none() {
            start = Some(at);
        }
    }
    found.extend(start.map(|start| (start, text.len())));
    found
}

/// Replaces look-alike digits and signs within words by letters: `k1k`, `sn@p`. Numbers with units are left unchanged.
pub(crate) fn replace_leet(text: &MappedText) -> MappedText {
    let mut new = MappedText::default();
    let mut done = 0;
    for (start, end) in tokens(text.text()) {
        let Some(token) = text.text().get(start..end) else { continue };
        if !is_leet(token) {
            continue;
        }
        new.push_range(text, done..start);
        let is_email = token.rfind('@').is_some_and(|at| token.get(at..).is_some_and(|it| it.contains('.')));
        let mut previous = ' ';
        let mut characters = token.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let is_inside = characters.peek().is_some_and(|(_, next)| next.is_ascii_alphanumeric());
            let replacement = match character {
                '@' if is_email || !is_inside || !previous.is_alphanumeric() => '@',
                '$' | '!' if !is_inside => character,
                _ => look_alike_letter(character),
            };
            new.push(replacement, text.origin(start + at..start + at + 1));
            previous = character;
        }
        done = end;
    }
    new.push_range(text, done..text.text().len());
    new
}

fn is_leet(token: &str) -> bool {
    let letters = token.chars().any(|it| it.is_ascii_alphabetic());
    let signs = token.chars().any(|it| look_alike_letter(it) != it);
    let amount = token.trim_start_matches(|it: char| it.is_ascii_digit() || matches!(it, '.' | ',' | '$'));
    let amount = amount.trim_end_matches(|it: char| it.is_ascii_punctuation());
    letters && signs && (amount.len() == token.len() || !UNITS.contains(&amount))
}

const fn look_alike_letter(character: char) -> char {
    match character {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        _ => character,
    }
}

/// Patterns of signs that are written as words, with the sign for each. `None` keeps the top-level domain of the match.
#[derive(Debug)]
pub(crate) struct SpelledSigns(Vec<(Regex, Option<&'static str>)>);

impl SpelledSigns {
    pub(crate) fn new() -> Result<Self, InvalidRuleSet> {
        const SIGNS: [(&str, Option<&str>); 8] = [
            (r" a t ", Some(" at ")),
            (r"\s*[(\[{<]\s*(?:at|@)\s*[)\]}>]\s*", Some("@")),
            (r"\s*[(\[{<]\s*(?:dot|\.|punkt)\s*[)\]}>]\s*", Some(".")),
            (r"[-_]at[-_]", Some("@")),
            (r"[-_]dot[-_]", Some(".")),
            (r"\s+underscore\s+", Some("_")),
            (r"\s+(?:forward )?slash\s+", Some("/")),
            (r"\s+dot\s+(?:com|net|org|io|gg|co|uk|me|ly|app|info)\b", None),
        ];
        let compile = |(pattern, sign)| Ok((Regex::new(pattern)?, sign));
        Ok(Self(SIGNS.into_iter().map(compile).collect::<Result<_, InvalidRuleSet>>()?))
    }

    /// Replaces sign words by signs.
    pub(crate) fn replace_in(&self, text: &MappedText) -> MappedText {
        let mut text = text.clone();
        for (pattern, sign) in &self.0 {
            if pattern.is_match(text.text()) {
                text = text.replace_all(pattern, |found| {
                    Some(sign.map_or_else(|| found.replace("dot", ".").replace(char::is_whitespace, ""), str::to_owned))
                });
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold;

    #[test]
    fn spaced_out_letters_are_joined() {
        for (text, joined) in [
            ("k i k : me", "kik: me"),
            ("to k i l l  m y s e l f", "to kill myself"),
            ("s.n.a.p", "snap"),
            ("s*n*a*p: x_y", "snap: x_y"),
            ("j o @ g m . c o", "jo@gm.co"),
            ("i am a b", "i am a b"),
            ("5 5 5 1 2", "5 5 5 1 2"),
            ("e.g. 4-7-8", "e.g. 4-7-8"),
        ] {
            assert_eq!(join_spaced_letters(&fold(text)).text(), joined);
        }
    }

    #[test]
    fn digits_in_words_become_letters_except_in_amounts() {
        for (text, plain) in [
            ("k1ll mys3lf", "kill myself"),
            ("k!ll! sn@p: 1nsta", "kill! snap: insta"),
            ("j4ne@gm4il.c0m", "jane@gmail.com"),
            ("40mg 3am, $5k 7 10th", "40mg 3am, $5k 7 10th"),
        ] {
            assert_eq!(replace_leet(&fold(text)).text(), plain);
        }
    }

    #[test]
    fn sign_words_become_signs() {
        let signs = SpelledSigns::new().unwrap();
        for (text, plain) in [
            ("jane (at) gmail [dot] com", "jane@gmail.com"),
            ("jane_at_yahoo_dot_com", "jane@yahoo.com"),
            ("t dot me slash x underscore y", "t.me/x_y"),
            ("dot the i at noon", "dot the i at noon"),
        ] {
            assert_eq!(signs.replace_in(&fold(text)).text(), plain);
        }
    }
}
