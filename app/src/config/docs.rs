//! docs/configuration.md, from the declaration of the keys.

use std::fmt::Write as _;

use super::{
    Key,
    keys::{KEYS, SECTIONS},
};

const BEGINNING: &str = "\
# Configuration

Defaults come first, then a file, then variables; the later wins. The file is `kith.toml` or `kith.yaml` in the working
directory, or the one that `--config` or `KITH_CONFIG` names. In the file, `http.body_bytes` is `body_bytes` under
`[http]`; as a variable it is `KITH_HTTP_BODY_BYTES`. Lists are lists in the file; in a variable, commas stand between
their items.

`kith config check` shows every value and where it comes from. Everything that is wrong is named at once, what is not
known included, and the exit code is 2. A variable that begins with `KITH_TEST_` is nobody's business here.

A secret is never shown. Its variable has a twin that names a file instead: `KITH_SECRETS_CURRENT_FILE`.

In production (`mode`), `secrets.current`, `secrets.index` and `public_url` (https) have to be set, `embedded` has to be
`true`, and `cors.origins` may not be `*`. In development, secrets that are not set are made at the first start and kept
in `secrets.toml` in the data folder, which nobody else may read.

This page is what `kith config docs` prints.
";

/// The page.
#[must_use]
pub fn page() -> String {
    let mut page = BEGINNING.to_owned();
    for (prefix, about) in SECTIONS {
        let title = if prefix.is_empty() { "The process" } else { prefix.trim_end_matches('.') };
        let keys = KEYS.iter().filter(|key| of(key, prefix));
        let rows = keys.fold(String::new(), |mut rows, key| {
            // Writing to a text cannot fail.
            let _ = writeln!(rows, "{}", row(key));
            rows
        });
        let _ = write!(
            page,
            "\n## {title}\n\n{}\n\n| key | variable | value | default | |\n| --- | --- | --- | --- | --- |\n{rows}",
            about.trim()
        );
    }
    page
}

fn of(key: &Key, prefix: &str) -> bool {
    if prefix.is_empty() { !key.name.contains('.') } else { key.name.starts_with(prefix) }
}

fn row(key: &Key) -> String {
    let default = if key.default.is_empty() { "none".to_owned() } else { format!("`{}`", key.default) };
    format!("| `{}` | `{}` | {} | {default} | {} |", key.name, key.variable(), key.kind, key.doc.trim())
}
