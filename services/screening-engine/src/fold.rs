//! Folding of look-alike characters to plain lower-case letters and digits.

use std::ops::Range;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_security::skeleton;

use crate::MappedText;

/// Folds a text to plain lower-case letters.
///
/// Applies compatibility decomposition (NFKD), removes combining marks and invisible characters, and replaces look-alikes
/// (UTS #39) and digits of other scripts. White space becomes a space; line feeds stay.
#[must_use]
pub fn fold(text: &str) -> MappedText {
    let mut folded = MappedText::default();
    for (at, character) in text.char_indices() {
        let origin = at..at + character.len_utf8();
        if character.is_ascii() {
            folded.push(fold_ascii(character), origin);
        } else if let Some(word) = symbol(character) {
            folded.push_str(word, &origin);
        } else if !is_invisible(character) {
            fold_character(&mut folded, character, &origin);
        }
    }
    folded
}

fn fold_ascii(character: char) -> char {
    match character {
        '\n' => '\n',
        _ if character.is_ascii_whitespace() || character.is_ascii_control() => ' ',
        _ => character.to_ascii_lowercase(),
    }
}

fn fold_character(folded: &mut MappedText, character: char, origin: &Range<usize>) {
    if let Some(plain) = enclosed(character) {
        folded.push(plain, origin.clone());
        return;
    }
    for part in std::iter::once(character).nfkd() {
        if is_combining_mark(part) || is_invisible(part) {
            continue;
        }
        if part.is_ascii() {
            folded.push(fold_ascii(part), origin.clone());
        } else if part.is_whitespace() {
            folded.push(' ', origin.clone());
        } else if let Some(plain) = digit(part).or_else(|| look_alike(part)) {
            folded.push(plain, origin.clone());
        } else {
            for lower in part.to_lowercase() {
                folded.push(lower, origin.clone());
            }
        }
    }
}

/// Returns the ASCII character that looks like this one, in either case.
fn look_alike(character: char) -> Option<char> {
    ascii_skeleton(character).or_else(|| {
        let mut upper = character.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(upper), None) if upper != character => ascii_skeleton(upper),
            _ => None,
        }
    })
}

/// Returns the skeleton of a character (UTS #39, section 4) if it is one ASCII character.
fn ascii_skeleton(character: char) -> Option<char> {
    let mut buffer = [0; 4];
    let mut characters = skeleton(character.encode_utf8(&mut buffer));
    match (characters.next(), characters.next()) {
        // The skeleton of both `I` and `1` is `l`.
        (Some('l'), None) if character.is_uppercase() => Some('i'),
        (Some(one), None) if one.is_ascii_graphic() => Some(one.to_ascii_lowercase()),
        _ => None,
    }
}

/// Returns true for invisible characters: format characters, joiners, variation selectors, tags and fillers.
const fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Returns the replacement of a punctuation variant, or the word for a pictogram that is used to give contact details.
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

/// Returns the letter or digit of an enclosed character that has no compatibility decomposition.
fn enclosed(character: char) -> Option<char> {
    const FIRST_LETTERS: [u32; 3] = [0x1f150, 0x1f170, 0x1f1e6];
    const FIRST_DIGITS: [u32; 4] = [0x2776, 0x2780, 0x278a, 0x24f5];
    let code = u32::from(character);
    if code == 0x24ff {
        return Some('0');
    }
    if let Some(first) = FIRST_LETTERS.into_iter().find(|first| (*first..first + 26).contains(&code)) {
        return char::from_u32(u32::from('a') + code - first);
    }
    let first = FIRST_DIGITS.into_iter().find(|first| (*first..first + 9).contains(&code))?;
    char::from_u32(u32::from('1') + code - first)
}

/// Returns the value of a decimal digit of another script (general category Nd). The digits follow the zero of each script.
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

    fn fold_to_string(text: &str) -> String {
        fold(text).text().to_owned()
    }

    #[test]
    fn look_alikes_of_letters_are_folded() {
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
            assert_eq!(fold_to_string(text), plain, "{text}");
        }
    }

    #[test]
    fn every_form_of_a_digit_is_folded() {
        for text in [
            "0123456789",
            "٠١٢٣٤٥٦٧٨٩",
            "०१२३४५६७८९",
            "０１２３４５６７８９",
            "⓪①②③④⑤⑥⑦⑧⑨",
            "⓿❶❷❸❹❺❻❼❽❾",
            "0\u{fe0f}\u{20e3}1\u{fe0f}\u{20e3}2\u{20e3}3456789",
        ] {
            assert_eq!(fold_to_string(text), "0123456789", "{text}");
        }
    }

    #[test]
    fn every_folded_character_maps_to_its_origin() {
        let text = "x①\u{200b}ﬁ!";
        let folded = fold(text);
        assert_eq!(folded.text(), "x1fi!");
        assert_eq!(&text[folded.origin(1..2)], "①");
        assert_eq!(&text[folded.origin(2..4)], "ﬁ");
        assert_eq!(&text[folded.origin(0..5)], text);
    }
}
