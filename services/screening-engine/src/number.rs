//! Numbers that are written in words, or with letters that look like digits.

use std::ops::Range;

use crate::View;

const ONES: [(&str, &str); 12] = [
    ("zero", "0"),
    ("nought", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("niner", "9"),
];
const TEENS: [(&str, &str); 10] = [
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("thirteen", "13"),
    ("fourteen", "14"),
    ("fifteen", "15"),
    ("sixteen", "16"),
    ("seventeen", "17"),
    ("eighteen", "18"),
    ("nineteen", "19"),
];
const TENS: [(&str, &str); 9] = [
    ("twenty", "2"),
    ("thirty", "3"),
    ("forty", "4"),
    ("fourty", "4"),
    ("fifty", "5"),
    ("sixty", "6"),
    ("seventy", "7"),
    ("eighty", "8"),
    ("ninety", "9"),
];

/// What a word is among numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Digits(String),
    One(&'static str),
    Teen(&'static str),
    Ten(&'static str),
    Hundred,
    Times(usize),
    Oh,
    Plus,
    Other,
}

/// The text with digits for its numbers: `five five oh` becomes `5 5 0`, `double seven` `77`, `twenty-one` `21`,
/// `eight hundred` `800`, `53O9` `5309`. `oh` is a zero beside a number only.
pub(crate) fn write_numbers(view: &View) -> View {
    let words: Vec<(Range<usize>, Word)> =
        words(view.text()).into_iter().map(|at| (at.clone(), read(view.text().get(at).unwrap_or_default()))).collect();
    let mut new = View::default();
    let mut done = 0;
    let mut index = 0;
    while let Some((at, word)) = words.get(index) {
        let next = words.get(index + 1);
        let beside = index.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|it| is_number(&it.1))
            || next.is_some_and(|it| is_number(&it.1));
        let near = next.filter(|next| next.0.start <= at.end + 1);
        let (text, used) = number(word, near.map(|it| &it.1), beside);
        let end = words.get(index + used - 1).map_or(at.end, |it| it.0.end);
        if let Some(text) = text {
            new.copy(view, done..at.start);
            if used == 1 && text.len() == at.len() {
                write_over(&mut new, view, at.start, &text);
            } else {
                new.append(&text, &view.origin(at.start..end));
            }
            done = end;
        }
        index += used;
    }
    new.copy(view, done..view.text().len());
    new
}

/// Each digit stands where its letter stood.
fn write_over(new: &mut View, view: &View, start: usize, text: &str) {
    for (offset, digit) in text.chars().enumerate() {
        new.push(digit, view.origin(start + offset..start + offset + 1));
    }
}

/// The digits of a word, with the next if they are one number, and how many words were used.
fn number(word: &Word, next: Option<&Word>, beside: bool) -> (Option<String>, usize) {
    match (word, next) {
        (Word::Times(times), Some(Word::One(digit))) => (Some(digit.repeat(*times)), 2),
        (Word::Times(times), Some(Word::Oh)) => (Some("0".repeat(*times)), 2),
        (Word::Times(times), Some(Word::Digits(digit))) if digit.len() == 1 => (Some(digit.repeat(*times)), 2),
        (Word::Ten(ten), Some(Word::One(one))) if *one != "0" => (Some(format!("{ten}{one}")), 2),
        (Word::One(count) | Word::Teen(count), Some(Word::Hundred)) => (Some(format!("{count}00")), 2),
        (Word::Ten(ten), _) => (Some(format!("{ten}0")), 1),
        (Word::One(digits) | Word::Teen(digits), _) => (Some((*digits).to_owned()), 1),
        (Word::Digits(digits), _) => (Some(digits.clone()), 1),
        (Word::Oh, _) if beside => (Some("0".to_owned()), 1),
        (Word::Plus, Some(next)) if is_number(next) => (Some("+".to_owned()), 1),
        (Word::Oh | Word::Plus | Word::Hundred | Word::Times(_) | Word::Other, _) => (None, 1),
    }
}

const fn is_number(word: &Word) -> bool {
    match word {
        Word::Digits(_) | Word::One(_) | Word::Teen(_) | Word::Ten(_) | Word::Times(_) => true,
        Word::Hundred | Word::Oh | Word::Plus | Word::Other => false,
    }
}

fn words(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, byte) in text.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() {
            start.get_or_insert(at);
        } else {
            found.extend(start.take().map(|start| start..at));
        }
    }
    found.extend(start.map(|start| start..text.len()));
    found
}

fn read(word: &str) -> Word {
    let of = |table: &[(&str, &'static str)]| table.iter().find(|it| it.0 == word).map(|it| it.1);
    match word {
        "hundred" => return Word::Hundred,
        "double" | "dbl" => return Word::Times(2),
        "triple" | "treble" => return Word::Times(3),
        "oh" | "o" => return Word::Oh,
        "plus" => return Word::Plus,
        _ => {}
    }
    of(&ONES)
        .map(Word::One)
        .or_else(|| of(&TEENS).map(Word::Teen))
        .or_else(|| of(&TENS).map(Word::Ten))
        .or_else(|| look(word).map(Word::Digits))
        .or_else(|| run_together(word).map(Word::Digits))
        .unwrap_or(Word::Other)
}

/// A number with letters that look like digits: at least one digit is one.
fn look(word: &str) -> Option<String> {
    let plain: Option<String> = word
        .chars()
        .map(|it| match it {
            '0'..='9' => Some(it),
            'o' => Some('0'),
            'i' | 'l' => Some('1'),
            's' => Some('5'),
            'z' => Some('2'),
            'b' => Some('8'),
            _ => None,
        })
        .collect();
    plain.filter(|_| word.bytes().any(|it| it.is_ascii_digit()))
}

/// Digits in words without spaces: `fivefivefive`.
fn run_together(word: &str) -> Option<String> {
    let mut rest = word;
    let mut digits = String::new();
    while !rest.is_empty() {
        let (name, digit) = ONES.iter().chain(&[("oh", "0")]).find(|(name, _)| rest.starts_with(name))?;
        digits.push_str(digit);
        rest = rest.get(name.len()..)?;
    }
    (digits.len() > 1).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold;

    #[test]
    fn numbers_in_words_are_digits() {
        for (text, digits) in [
            ("five five five oh one", "5 5 5 0 1"),
            ("double seven, triple 0", "77, 000"),
            ("twenty-one twenty", "21 20"),
            ("eight hundred sixteen hundred", "800 1600"),
            ("fivefivefive eightsix", "555 86"),
            ("55S-53O9 oI87", "555-5309 0187"),
            ("plus four four", "+ 4 4"),
            ("oh no, one of us", "oh no, 1 of us"),
            ("hello is boss", "hello is boss"),
        ] {
            assert_eq!(write_numbers(&fold(text)).text(), digits);
        }
    }
}
