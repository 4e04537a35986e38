//! What people say, as the phrases of a crisis are written.

use crate::View;

/// The text without apostrophes, with one space between words, `.` for what ends a sentence and `,` for what ends a part
/// of one, and a letter that was held down as one.
pub(super) fn plain(view: &View) -> View {
    let mut new = View::default();
    let mut last = '.';
    let mut before = ' ';
    for (character, origin) in view.characters() {
        let plain = match character {
            '\'' | '`' | '"' | '*' => continue,
            '.' | '!' | '?' | '\n' | '…' => '.',
            ',' | ';' | ':' => ',',
            _ if character.is_alphanumeric() => character,
            _ => ' ',
        };
        let space = |it: char| matches!(it, ' ' | '.' | ',');
        if plain == last && last == before && plain.is_alphabetic() || plain == ' ' && space(last) {
            continue;
        }
        if matches!(plain, '.' | ',') && matches!(last, '.' | ',') {
            continue;
        }
        new.push(plain, origin);
        before = last;
        last = plain;
    }
    tidy(&new)
}

/// Takes the spaces away that stand before a sign, and after one.
fn tidy(view: &View) -> View {
    let mut new = View::default();
    let mut characters = view.characters().peekable();
    let mut start = true;
    while let Some((character, origin)) = characters.next() {
        let ends = characters.peek().is_none_or(|(next, _)| matches!(next, '.' | ','));
        if character == ' ' && (start || ends) {
            continue;
        }
        start = matches!(character, '.' | ',');
        new.push(if start && character == '.' { '.' } else { character }, origin);
    }
    new
}
