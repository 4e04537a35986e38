//! Documents match the repository: links and paths exist, and snippets are copies of the code.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Fence languages of snippets that must occur in the file named before them.
const CHECKED: [&str; 2] = ["rust", "proto"];
/// Folders by which a path in a document is recognised.
const FOLDERS: [&str; 10] = [
    ".ci/",
    "app/",
    "conformance/",
    "deploy/",
    "docs/",
    "loadtests/",
    "migrations/",
    "proto/src/",
    "services/",
    "xtask/",
];

/// A snippet with the file that it is copied from.
#[derive(Debug, PartialEq, Eq)]
struct Snippet {
    file: String,
    code: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The documents at the root and in `docs`.
fn documents() -> Vec<PathBuf> {
    let folders = [root(), root().join("docs"), root().join("docs/adr")];
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// Returns the trimmed lines that are not empty.
fn code_lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Returns the snippets of a document. The line before a snippet names its file.
fn snippets(document: &str) -> Vec<Snippet> {
    let mut snippets = Vec::new();
    let mut previous = "";
    let mut lines = document.lines().filter(|line| !line.is_empty());
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            previous = line;
            continue;
        };
        let code: Vec<String> =
            lines.by_ref().take_while(|line| !line.starts_with("```")).map(|line| line.trim().to_owned()).collect();
        if CHECKED.contains(&language) {
            let file = previous.strip_prefix('`').and_then(|line| line.strip_suffix("`:"));
            let file = file.unwrap_or_else(|| panic!("no file is named before {code:#?}"));
            snippets.push(Snippet { file: file.to_owned(), code });
        }
        previous = "";
    }
    snippets
}

/// Returns the text in backticks and the targets of relative links.
fn references(document: &str) -> (Vec<&str>, Vec<&str>) {
    let spans = document.split('`').skip(1).step_by(2).collect();
    let targets = document.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let links = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    (spans, links.filter_map(|target| target.split('#').next()).collect())
}

/// Returns true for a path of a single file or folder.
fn is_path(text: &str) -> bool {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    is_plain && FOLDERS.iter().any(|folder| text.starts_with(folder))
}

#[test]
fn snippets_of_documents_are_copies_of_the_code() {
    let mut count = 0;
    for path in documents() {
        for snippet in snippets(&fs::read_to_string(&path).unwrap()) {
            let source = fs::read_to_string(root().join(&snippet.file)).unwrap_or_else(|_| panic!("{snippet:?}"));
            let source = code_lines(&source);
            let is_copy = source.windows(snippet.code.len().max(1)).any(|window| window == snippet.code);
            assert!(
                is_copy,
                "{}: the snippet does not occur in {}:\n{:#?}",
                path.display(),
                snippet.file,
                snippet.code
            );
            count += 1;
        }
    }
    assert!(count >= 10, "{count} snippets");
}

#[test]
fn links_and_paths_in_documents_exist() {
    let mut missing = Vec::new();
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        let (spans, links) = references(&text);
        let folder = path.parent().unwrap();
        missing.extend(
            links.iter().filter(|link| !folder.join(link).exists()).map(|link| (path.clone(), (*link).to_owned())),
        );
        let named = spans.iter().filter(|span| is_path(span) && !root().join(span).exists());
        missing.extend(named.map(|span| (path.clone(), (*span).to_owned())));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn a_snippet_is_found_with_its_file() {
    let document = "`src/lib.rs`:\n\n```rust\n    let a = 1;\n\n    b();\n```\n\n```sh\nls\n```\n";
    let code = vec!["let a = 1;".to_owned(), "b();".to_owned()];
    assert_eq!(snippets(document), [Snippet { file: "src/lib.rs".to_owned(), code }]);
}
