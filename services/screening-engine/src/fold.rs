//! Letters as they look: what is written in another alphabet, in large, in circles or with marks becomes plain.

use std::ops::Range;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_security::skeleton;

use crate::View;

/// The text in small plain letters: compatible forms (NFKC), marks and what cannot be seen left out, look-alikes (UTS 39)
/// and digits of other scripts in their place. Spaces are one kind of space; lines stay lines.
#[must_use]
pub fn fold(text: &str) -> View {
    let mut view = View::default();
    for (at, character) in text.char_indices() {
        let origin = at..at + character.len_utf8();
        if character.is_ascii() {
            view.push(plain_ascii(character), origin);
        } else if let Some(word) = symbol(character) {
            view.append(word, &origin);
        } else if !is_hidden(character) {
            fold_one(&mut view, character, &origin);
        }
    }
    view
}

fn plain_ascii(character: char) -> char {
    match character {
        '\n' => '\n',
        _ if character.is_ascii_whitespace() || character.is_ascii_control() => ' ',
        _ => character.to_ascii_lowercase(),
    }
}

fn fold_one(view: &mut View, character: char, origin: &Range<usize>) {
    if let Some(plain) = enclosed(character) {
        view.push(plain, origin.clone());
        return;
    }
    for part in std::iter::once(character).nfkd() {
        if is_combining_mark(part) || is_hidden(part) {
            continue;
        }
        if part.is_ascii() {
            view.push(plain_ascii(part), origin.clone());
        } else if part.is_whitespace() {
            view.push(' ', origin.clone());
        } else if let Some(plain) = digit(part).or_else(|| look_alike(part)) {
            view.push(plain, origin.clone());
        } else {
            for small in part.to_lowercase() {
                view.push(small, origin.clone());
            }
        }
    }
}

/// The one plain character that this looks like, in either case.
fn look_alike(character: char) -> Option<char> {
    alike(character).or_else(|| {
        let mut large = character.to_uppercase();
        match (large.next(), large.next()) {
            (Some(large), None) if large != character => alike(large),
            _ => None,
        }
    })
}

fn alike(character: char) -> Option<char> {
    let mut buffer = [0; 4];
    let mut look = skeleton(character.encode_utf8(&mut buffer));
    match (look.next(), look.next()) {
        // The look of a large I is a small l, as is that of a 1.
        (Some('l'), None) if character.is_uppercase() => Some('i'),
        (Some(one), None) if one.is_ascii_graphic() => Some(one.to_ascii_lowercase()),
        _ => None,
    }
}

/// What has no width or no look: format characters, joiners, variation selectors, tags, fillers.
const fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// What pictures and signs stand for where people give away how they can be found.
const fn symbol(character: char) -> Option<&'static str> {
    Some(match character {
        '•' | '·' | '∙' | '․' | '‧' | '⋅' | '。' | '｡' => ".",
        '‐'..='―' | '−' => "-",
        '‘' | '’' | 'ʼ' | '´' | '＇' => "'",
        '\u{1f51f}' => "10",
        '\u{260e}' | '\u{1f4de}' | '\u{1f4f1}' | '\u{1f4f2}' | '\u{2706}' => " call ",
        '\u{1f4e7}' | '\u{2709}' | '\u{1f4e8}' | '\u{1f4e9}' => " email ",
        '\u{1f47b}' => " snapchat ",
        _ => return None,
    })
}

/// Letters and digits in circles and boxes that have no compatible form.
fn enclosed(character: char) -> Option<char> {
    const LETTERS: [u32; 3] = [0x1f150, 0x1f170, 0x1f1e6];
    const ONES: [u32; 4] = [0x2776, 0x2780, 0x278a, 0x24f5];
    let code = u32::from(character);
    if code == 0x24ff {
        return Some('0');
    }
    if let Some(first) = LETTERS.into_iter().find(|first| (*first..first + 26).contains(&code)) {
        return char::from_u32(u32::from('a') + code - first);
    }
    let first = ONES.into_iter().find(|first| (*first..first + 9).contains(&code))?;
    char::from_u32(u32::from('1') + code - first)
}

/// Decimal digits of other scripts (general category Nd), by the zero of each.
fn digit(character: char) -> Option<char> {
    const ZEROS: [u32; 24] = [
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
        0x1040, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0xa620, 0xaa50,
    ];
    let code = u32::from(character);
    let zero = ZEROS.into_iter().find(|zero| (*zero..zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        fold(text).text().to_owned()
    }

    #[test]
    fn what_looks_like_a_letter_is_that_letter() {
        for (text, plain) in [
            ("ＣＡＬＬ ｍｅ", "call me"),
            ("𝚐𝚖𝚊𝚒𝚕", "gmail"),
            ("сора", "copa"),
            ("СОРА", "copa"),
            ("ⓚⓘⓚ", "kik"),
            ("🅺🅸🅺", "kik"),
            ("🇰\u{200b}🇮🇰", "kik"),
            ("k\u{301}i\u{336}k", "kik"),
            ("k\u{200d}i\u{ad}k", "kik"),
            ("été", "ete"),
            ("ﬁne", "fine"),
        ] {
            assert_eq!(folded(text), plain, "{text}");
        }
    }

    #[test]
    fn a_digit_is_that_digit_however_it_is_drawn() {
        for text in [
            "0123456789",
            "٠١٢٣٤٥٦٧٨٩",
            "०१२३४५६७८९",
            "０１２３４５６７８９",
            "⓪①②③④⑤⑥⑦⑧⑨",
            "⓿❶❷❸❹❺❻❼❽❾",
            "0\u{fe0f}\u{20e3}1\u{fe0f}\u{20e3}2\u{20e3}3456789",
        ] {
            assert_eq!(folded(text), "0123456789", "{text}");
        }
    }

    #[test]
    fn every_character_knows_where_it_was_written() {
        let text = "x①\u{200b}ﬁ!";
        let view = fold(text);
        assert_eq!(view.text(), "x1fi!");
        assert_eq!(&text[view.origin(1..2)], "①");
        assert_eq!(&text[view.origin(2..4)], "ﬁ");
        assert_eq!(&text[view.origin(0..5)], text);
    }
}
