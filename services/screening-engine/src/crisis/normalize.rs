//! Normalization of a text to the form in which the crisis phrases are written.

use crate::MappedText;

/// Removes apostrophes, collapses white space and repeated letters, and writes `.` at the end of a sentence and `,` at the
/// end of a clause.
pub(super) fn normalize(text: &MappedText) -> MappedText {
    let mut new = MappedText::default();
    let mut last = '.';
    let mut second_last = ' ';
    for (character, origin) in text.characters() {
        let normalized = match character {
            '\'' | '`' | '"' | '*' => continue,
            '.' | '!' | '?' | '\n' | '…' => '.',
            ',' | ';' | ':' => ',',
            _ if character.is_alphanumeric() => character,
            _ => ' ',
        };
        let is_separator = |it: char| matches!(it, ' ' | '.' | ',');
        if normalized == last && last == second_last && normalized.is_alphabetic()
            || normalized == ' ' && is_separator(last)
        {
            continue;
        }
        if matches!(normalized, '.' | ',') && matches!(last, '.' | ',') {
            continue;
        }
        new.push(normalized, origin);
        second_last = last;
        last = normalized;
    }
    remove_spaces_around_signs(&new)
}

fn remove_spaces_around_signs(text: &MappedText) -> MappedText {
    let mut new = MappedText::default();
    let mut characters = text.characters().peekable();
    let mut after_sign = true;
    while let Some((character, origin)) = characters.next() {
        let before_sign = characters.peek().is_none_or(|(next, _)| matches!(next, '.' | ','));
        if character == ' ' && (after_sign || before_sign) {
            continue;
        }
        after_sign = matches!(character, '.' | ',');
        new.push(character, origin);
    }
    new
}
