//! Words as they sound: letters that were spaced out, digits that stand for letters, signs that were written as words.

use regex::Regex;

use crate::{InvalidRules, View};

/// Units that follow a number without a space: what looks like a word with a digit in it, and is an amount.
const UNITS: [&str; 40] = [
    "mg", "ml", "mcg", "g", "kg", "lb", "lbs", "oz", "am", "pm", "a", "p", "h", "hr", "hrs", "m", "min", "mins", "s",
    "sec", "d", "day", "days", "w", "wk", "wks", "y", "yr", "yrs", "k", "x", "th", "st", "nd", "rd", "mm", "cm", "ft",
    "c", "f",
];

/// Joins letters that stand alone: `k i k`, `k.i.k`. Two spaces in a row are a space between words.
pub(crate) fn join(view: &View) -> View {
    let mut new = View::default();
    let mut run: Vec<(usize, usize)> = Vec::new();
    let mut done = 0;
    for (start, end) in tokens(view.text()) {
        let token = view.text().get(start..end).unwrap_or_default();
        let near = run.last().is_none_or(|last| start <= last.1 + 2);
        if token.chars().count() == 1 && near {
            run.push((start, end));
            continue;
        }
        close(view, &mut new, &mut run, &mut done);
        if token.chars().count() == 1 {
            run.push((start, end));
        } else if is_dotted(token) {
            new.copy(view, done..start);
            for (at, character) in token.char_indices().filter(|(at, it)| at % 2 == 0 || *it == ':') {
                new.copy(view, start + at..start + at + character.len_utf8());
            }
            done = end;
        }
    }
    close(view, &mut new, &mut run, &mut done);
    new.copy(view, done..view.text().len());
    new
}

/// Writes a run of single characters as words, if it has three letters or more.
fn close(view: &View, new: &mut View, run: &mut Vec<(usize, usize)>, done: &mut usize) {
    let is_letter =
        |at: &&(usize, usize)| view.text().get(at.0..at.1).is_some_and(|it| it.chars().all(char::is_alphabetic));
    if run.iter().filter(is_letter).count() >= 3 {
        let mut last: Option<usize> = None;
        for &(start, end) in run.iter() {
            match last {
                None => new.copy(view, *done..start),
                Some(last) if start > last + 1 => new.copy(view, last..last + 1),
                Some(_) => {}
            }
            new.copy(view, start..end);
            last = Some(end);
        }
        *done = last.unwrap_or(*done);
    }
    run.clear();
}

/// Whether it is letters with a sign between each two: `s.n.a.p`, `s*n*a*p:`.
fn is_dotted(token: &str) -> bool {
    let token = token.strip_suffix(':').unwrap_or(token);
    let letters = token.chars().step_by(2).filter(char::is_ascii_alphabetic).count();
    token.is_ascii()
        && token.len() % 2 == 1
        && letters >= 3
        && token.chars().step_by(2).all(|it| it.is_ascii_alphanumeric())
        && token.chars().skip(1).step_by(2).all(|it| matches!(it, '.' | '*' | '-' | '_' | '~' | '|' | '/'))
}

/// Where the words are, spaces apart.
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

/// Puts letters in the place of the digits and signs that stand for them in a word: `k1k`, `sn@p`. A number with its unit
/// stays one.
pub(crate) fn unleet(view: &View) -> View {
    let mut new = View::default();
    let mut done = 0;
    for (start, end) in tokens(view.text()) {
        let Some(token) = view.text().get(start..end) else { continue };
        if !is_leet(token) {
            continue;
        }
        new.copy(view, done..start);
        let mail = token.rfind('@').is_some_and(|at| token.get(at..).is_some_and(|it| it.contains('.')));
        let mut before = ' ';
        let mut characters = token.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let inside = characters.peek().is_some_and(|(_, next)| next.is_ascii_alphanumeric());
            let plain = match character {
                '@' if mail || !inside || !before.is_alphanumeric() => '@',
                '$' | '!' if !inside => character,
                _ => letter(character),
            };
            new.push(plain, view.origin(start + at..start + at + 1));
            before = character;
        }
        done = end;
    }
    new.copy(view, done..view.text().len());
    new
}

fn is_leet(token: &str) -> bool {
    let letters = token.chars().any(|it| it.is_ascii_alphabetic());
    let signs = token.chars().any(|it| letter(it) != it);
    let amount = token.trim_start_matches(|it: char| it.is_ascii_digit() || matches!(it, '.' | ',' | '$'));
    let amount = amount.trim_end_matches(|it: char| it.is_ascii_punctuation());
    letters && signs && (amount.len() == token.len() || !UNITS.contains(&amount))
}

const fn letter(character: char) -> char {
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

/// Signs that are written as words, and the signs for them.
#[derive(Debug)]
pub(crate) struct Signs(Vec<(Regex, Option<&'static str>)>);

impl Signs {
    pub(crate) fn new() -> Result<Self, InvalidRules> {
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
        let compile = |(pattern, by)| Ok((Regex::new(pattern)?, by));
        Ok(Self(SIGNS.into_iter().map(compile).collect::<Result<_, InvalidRules>>()?))
    }

    pub(crate) fn write(&self, view: &View) -> View {
        let mut view = view.clone();
        for (pattern, by) in &self.0 {
            if pattern.is_match(view.text()) {
                view = view.rewrite(pattern, |found| {
                    Some(by.map_or_else(|| found.replace("dot", ".").replace(char::is_whitespace, ""), str::to_owned))
                });
            }
        }
        view
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold;

    #[test]
    fn letters_that_stand_alone_are_a_word() {
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
            assert_eq!(join(&fold(text)).text(), joined);
        }
    }

    #[test]
    fn digits_in_a_word_are_letters_and_amounts_stay() {
        for (text, plain) in [
            ("k1ll mys3lf", "kill myself"),
            ("k!ll! sn@p: 1nsta", "kill! snap: insta"),
            ("j4ne@gm4il.c0m", "jane@gmail.com"),
            ("40mg 3am, $5k 7 10th", "40mg 3am, $5k 7 10th"),
        ] {
            assert_eq!(unleet(&fold(text)).text(), plain);
        }
    }

    #[test]
    fn signs_that_are_words_are_signs() {
        let signs = Signs::new().unwrap();
        for (text, plain) in [
            ("jane (at) gmail [dot] com", "jane@gmail.com"),
            ("jane_at_yahoo_dot_com", "jane@yahoo.com"),
            ("t dot me slash x underscore y", "t.me/x_y"),
            ("dot the i at noon", "dot the i at noon"),
        ] {
            assert_eq!(signs.write(&fold(text)).text(), plain);
        }
    }
}
