//! Generates docs/configuration.md from the declared keys.

use std::fmt::Write as _;

use super::{
    key::Key,
    keys::{KEYS, SECTIONS},
};

const INTRODUCTION: &str = "\
# Configuration

Defaults are overridden by a file, and the file by environment variables. The file is `kith.toml` or `kith.yaml` in the
working directory, or the one named by `--config` or `KITH_CONFIG`. The key `http.max_body_bytes` is `max_body_bytes`
under `[http]` in the file, and the variable `KITH_HTTP_MAX_BODY_BYTES`. Lists are lists in the file; in a variable their
items are separated by commas.

`kith config check` prints every value and its origin. All errors are reported at once, including unknown keys, and the
exit code is 2. Variables that begin with `KITH_TEST_` are ignored.

Secrets are never printed. Each has a second variable that names a file with the value: `KITH_SECRETS_CURRENT_FILE`.

In production (`mode`), `secrets.current`, `secrets.blind_index` and `public_url` (https) must be set, `embedded` must be
`true` unless all server URLs are set, and `cors.allowed_origins` must not contain `*`. In development, missing secrets
are generated at the first start and stored in `secrets.toml` in the data folder, readable only by the owner.

This page is the output of `kith config docs`.
";

/// Renders the page.
#[must_use]
pub fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (prefix, about) in SECTIONS {
        let title = if prefix.is_empty() { "process" } else { prefix.trim_end_matches('.') };
        let keys = KEYS.iter().filter(|key| is_in_section(key, prefix));
        let rows = keys.fold(String::new(), |mut rows, key| {
            // Writing to a String cannot fail.
            let _ = writeln!(rows, "{}", row(key));
            rows
        });
        let _ = write!(
            page,
            "\n## {title}\n\n{}\n\n| key | variable | value | default | description |\n| --- | --- | --- | --- | --- |\n{rows}",
            about.trim()
        );
    }
    page
}

fn is_in_section(key: &Key, prefix: &str) -> bool {
    if prefix.is_empty() { !key.name.contains('.') } else { key.name.starts_with(prefix) }
}

fn row(key: &Key) -> String {
    let default = if key.default.is_empty() { "none".to_owned() } else { format!("`{}`", key.default) };
    format!("| `{}` | `{}` | {} | {default} | {} |", key.name, key.variable(), key.type_hint, key.doc.trim())
}
