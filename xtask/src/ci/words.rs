//! What must not be written anywhere. This file names it, so it is not looked at.

use std::fs;

use anyhow::{Result, ensure};

use super::files::{self, File};

const THIS: &str = "xtask/src/ci/words.rs";
/// Where generated code is taken in. What lints it trips over changes with its generator, so no `expect` holds there.
const TAKES_IN_GENERATED: [&str; 2] = ["conformance/src/suite.rs", "proto/src/lib.rs"];

/// Where a word is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Every text of the repository.
    Everything,
    /// Rust that people write.
    Code,
    /// The same, where no generated code is taken in.
    OwnCode,
    /// Locks of npm.
    Locks,
}

/// A word, and why it is not wanted.
struct Word {
    text: &'static str,
    within: Within,
    why: &'static str,
}

const WORDS: &[Word] = &[
    Word { text: "/work/", within: Within::Everything, why: "a path of one machine" },
    Word { text: "/root/", within: Within::Everything, why: "a path of one machine" },
    Word { text: "/Users/", within: Within::Everything, why: "a path of one machine" },
    Word { text: "FIXME", within: Within::Everything, why: "left for later: do it, or write an issue" },
    Word { text: "TODO", within: Within::Everything, why: "left for later: do it, or write an issue" },
    Word { text: "\"resolved\":", within: Within::Locks, why: "a lock says what, not from which host" },
    Word {
        text: "#[allow(",
        within: Within::OwnCode,
        why: "say #[expect(.., reason = ..)]: it ends when its cause does",
    },
    Word {
        text: "#![allow(",
        within: Within::Code,
        why: "say #![expect(.., reason = ..)]: it ends when its cause does",
    },
    Word { text: "todo!", within: Within::Code, why: "what is not built is not in the API" },
    Word { text: "unimplemented!", within: Within::Code, why: "what is not built is not in the API" },
    Word { text: "#[ignore]", within: Within::Code, why: "say why: #[ignore = \"..\"]" },
];

impl Word {
    fn is_looked_for_in(&self, file: &File) -> bool {
        match self.within {
            Within::Everything => true,
            Within::Code => file.is_code(),
            Within::OwnCode => file.is_code() && !TAKES_IN_GENERATED.contains(&file.name.as_str()),
            Within::Locks => file.name.ends_with("package-lock.json"),
        }
    }

    /// Whether it stands there by itself: `framework/` holds no path, and a path from here begins with its folder.
    fn is_in(&self, line: &str) -> bool {
        line.match_indices(self.text).any(|(at, _)| {
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            let after = line.get(at.saturating_add(self.text.len())..).and_then(|after| after.chars().next());
            let joins = |letter: Option<char>| letter.is_some_and(|it| it.is_alphanumeric() || "_.-}".contains(it));
            !joins(before) && (!self.text.ends_with(char::is_alphanumeric) || !joins(after.filter(|it| *it != '.')))
        })
    }
}

/// Looks for all words in all files.
///
/// # Errors
/// The places where one is.
pub(super) fn check() -> Result<()> {
    let mut found = 0;
    for file in files::all()?.iter().filter(|file| file.name != THIS) {
        // What is no text has no words.
        let Ok(text) = fs::read_to_string(&file.path) else { continue };
        for (number, line) in (1_usize..).zip(text.lines()) {
            for word in WORDS.iter().filter(|word| word.is_looked_for_in(file) && word.is_in(line)) {
                eprintln!("{}:{number}: {} ({})", file.name, word.text, word.why);
                found += 1;
            }
        }
    }
    ensure!(found == 0, "{found} words that must not be there");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &'static str) -> Word {
        Word { text, within: Within::Everything, why: "" }
    }

    #[test]
    fn a_word_is_found_by_itself_and_not_within_another() {
        assert!(word("/root/").is_in("COPY . \"/root/x\""));
        assert!(!word("/root/").is_in("proto/root/x"));
        assert!(word("TODO").is_in("// TODO: later"));
        assert!(!word("TODO").is_in("TODOS are_TODO"));
        assert!(word("todo!").is_in("    todo!()"));
    }
}
