//! Number words, and letters that look like digits, as digits.

use std::ops::Range;

use crate::MappedText;

const UNITS: [(&str, &str); 12] = [
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

/// Role of a word within a number.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Digits(String),
    /// Zero to nine, as a digit.
    Unit(&'static str),
    /// Ten to nineteen, as two digits.
    Teen(&'static str),
    /// Twenty to ninety, as the first digit.
    Tens(&'static str),
    Hundred,
    /// `double` or `triple`.
    Repeat(usize),
    /// `oh` or `o`: a zero only next to a number.
    Oh,
    Plus,
    Other,
}

/// Writes the numbers of a text as digits: `five five oh` becomes `5 5 0`, `double seven` becomes `77`, `twenty-one`
/// becomes `21`, `eight hundred` becomes `800`, `53O9` becomes `5309`.
pub(crate) fn normalize_numbers(text: &MappedText) -> MappedText {
    let tokens: Vec<(Range<usize>, Token)> = word_ranges(text.text())
        .into_iter()
        .map(|range| (range.clone(), parse_token(text.text().get(range).unwrap_or_default())))
        .collect();
    let mut new = MappedText::default();
    let mut done = 0;
    let mut index = 0;
    while let Some((range, token)) = tokens.get(index) {
        let previous = index.checked_sub(1).and_then(|previous| tokens.get(previous));
        let next = tokens.get(index + 1);
        let next_to_number = previous.is_some_and(|it| is_number(&it.1)) || next.is_some_and(|it| is_number(&it.1));
        let adjacent = next.filter(|next| next.0.start <= range.end + 1);
        let (digits, used) = digits_of(token, adjacent.map(|it| &it.1), next_to_number);
        let end = tokens.get(index + used - 1).map_or(range.end, |it| it.0.end);
        if let Some(digits) = digits {
            new.push_range(text, done..range.start);
            if used == 1 && digits.len() == range.len() {
                push_digit_by_digit(&mut new, text, range.start, &digits);
            } else {
                new.push_str(&digits, &text.origin(range.start..end));
            }
            done = end;
        }
        index += used;
    }
    new.push_range(text, done..text.text().len());
    new
}

/// Appends digits that each map to the origin of the letter that they replace.
fn push_digit_by_digit(new: &mut MappedText, text: &MappedText, start: usize, digits: &str) {
    for (offset, digit) in digits.chars().enumerate() {
        new.push(digit, text.origin(start + offset..start + offset + 1));
    }
}

/// Returns the digits of a token, together with the next token if both are one number, and the number of tokens used.
fn digits_of(token: &Token, next: Option<&Token>, next_to_number: bool) -> (Option<String>, usize) {
    match (token, next) {
        (Token::Repeat(times), Some(Token::Unit(digit))) => (Some(digit.repeat(*times)), 2),
        (Token::Repeat(times), Some(Token::Oh)) => (Some("0".repeat(*times)), 2),
        (Token::Repeat(times), Some(Token::Digits(digit))) if digit.len() == 1 => (Some(digit.repeat(*times)), 2),
        (Token::Tens(tens), Some(Token::Unit(unit))) if *unit != "0" => (Some(format!("{tens}{unit}")), 2),
        (Token::Unit(count) | Token::Teen(count), Some(Token::Hundred)) => (Some(format!("{count}00")), 2),
        (Token::Tens(tens), _) => (Some(format!("{tens}0")), 1),
        (Token::Unit(digits) | Token::Teen(digits), _) => (Some((*digits).to_owned()), 1),
        (Token::Digits(digits), _) => (Some(digits.clone()), 1),
        (Token::Oh, _) if next_to_number => (Some("0".to_owned()), 1),
        (Token::Plus, Some(next)) if is_number(next) => (Some("+".to_owned()), 1),
        (Token::Oh | Token::Plus | Token::Hundred | Token::Repeat(_) | Token::Other, _) => (None, 1),
    }
}

const fn is_number(token: &Token) -> bool {
    match token {
        Token::Digits(_) | Token::Unit(_) | Token::Teen(_) | Token::Tens(_) | Token::Repeat(_) => true,
        Token::Hundred | Token::Oh | Token::Plus | Token::Other => false,
    }
}

/// Returns the ranges of ASCII letters and digits.
fn word_ranges(text: &str) -> Vec<Range<usize>> {
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

fn parse_token(word: &str) -> Token {
    let look_up = |table: &[(&str, &'static str)]| table.iter().find(|it| it.0 == word).map(|it| it.1);
    match word {
        "hundred" => return Token::Hundred,
        "double" | "dbl" => return Token::Repeat(2),
        "triple" | "treble" => return Token::Repeat(3),
        "oh" | "o" => return Token::Oh,
        "plus" => return Token::Plus,
        _ => {}
    }
    look_up(&UNITS)
        .map(Token::Unit)
        .or_else(|| look_up(&TEENS).map(Token::Teen))
        .or_else(|| look_up(&TENS).map(Token::Tens))
        .or_else(|| parse_look_alike_digits(word).map(Token::Digits))
        .or_else(|| parse_concatenated_digits(word).map(Token::Digits))
        .unwrap_or(Token::Other)
}

/// Parses digits and letters that look like digits. Requires at least one digit.
fn parse_look_alike_digits(word: &str) -> Option<String> {
    let digits: Option<String> = word
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
    digits.filter(|_| word.bytes().any(|it| it.is_ascii_digit()))
}

/// Parses digit words without spaces: `fivefivefive`.
fn parse_concatenated_digits(word: &str) -> Option<String> {
    let mut rest = word;
    let mut digits = String::new();
    while !rest.is_empty() {
        let (name, digit) = UNITS.iter().chain(&[("oh", "0")]).find(|(name, _)| rest.starts_with(name))?;
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
    fn number_words_become_digits() {
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
            assert_eq!(normalize_numbers(&fold(text)).text(), digits);
        }
    }
}
