use std::fs;

use kith_kernel::{Entropy as _, SystemEntropy};

use super::{keys::KEYS, *};

fn variables(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Loads from a folder with these files, and these variables.
fn load_with(files: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<LoadedConfig, ConfigErrors> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    load(ConfigSource { file: None, folder: folder.path(), environment: &variables(environment) })
}

fn errors(files: &[(&str, &str)], environment: &[(&str, &str)]) -> Vec<(String, String)> {
    let errors = load_with(files, environment).map(|loaded| loaded.config).unwrap_err();
    errors.as_slice().iter().map(|error| (error.key.clone(), error.to_string())).collect()
}

fn secret() -> String {
    SystemEntropy.secret().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// All settings that production requires.
fn production() -> Vec<(&'static str, String)> {
    vec![
        ("KITH_MODE", "production".to_owned()),
        ("KITH_EMBEDDED", "true".to_owned()),
        ("KITH_PUBLIC_URL", "https://kith.example.org".to_owned()),
        ("KITH_SECRETS_CURRENT", secret()),
        ("KITH_SECRETS_BLIND_INDEX", secret()),
    ]
}

fn invalid_keys(change: (&str, Option<&str>)) -> Vec<String> {
    let mut all: Environment = production().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    match change {
        (name, Some(value)) => all.insert(name.to_owned(), value.to_owned()),
        (name, None) => all.remove(name),
    };
    match load(ConfigSource { file: None, folder: Path::new("/nowhere"), environment: &all }) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.as_slice().iter().map(|error| error.key.clone()).collect(),
    }
}

#[test]
fn the_defaults_are_valid_in_development() {
    let loaded = load_with(&[], &[]).unwrap();
    assert_eq!(loaded.config.mode, Mode::Development);
    assert_eq!(loaded.config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(loaded.config.http.max_body_bytes.bytes(), 256 * 1_024);
    assert_eq!(loaded.config.log_format(), LogFormat::Pretty);
    assert_eq!(loaded.file, None);
    assert_eq!(loaded.resolved.len(), KEYS.len());
    assert!(loaded.resolved.iter().all(|resolved| resolved.source == Source::Default));
}

#[test]
fn variables_override_the_file_and_the_file_overrides_defaults() {
    let toml = "listen = \"0.0.0.0:1\"\n[http]\nmax_concurrent_calls = 7\nmax_concurrent_streams = 8\n";
    let yaml = "listen: 0.0.0.0:1\nhttp:\n  max_concurrent_calls: 7\n  max_concurrent_streams: 8\n";
    for file in [("kith.toml", toml), ("kith.yaml", yaml), ("kith.yml", yaml)] {
        let loaded = load_with(&[file], &[("KITH_HTTP_MAX_CONCURRENT_STREAMS", "9"), ("HOME", "/")]).unwrap();
        assert_eq!(loaded.config.listen.to_string(), "0.0.0.0:1");
        assert_eq!(
            (loaded.config.http.max_concurrent_calls, loaded.config.http.max_concurrent_streams),
            (7, 9),
            "{}",
            file.0
        );
        assert_eq!(loaded.config.realtime.max_channels, 128);
        let source = |key| loaded.resolved.iter().find(|resolved| resolved.key == key).unwrap().source.to_string();
        assert!(
            source("http.max_concurrent_calls").ends_with(&format!("{}:3", file.0)),
            "{}",
            source("http.max_concurrent_calls")
        );
        assert_eq!(source("http.max_concurrent_streams"), "KITH_HTTP_MAX_CONCURRENT_STREAMS");
        assert_eq!(source("realtime.max_channels"), "default");
    }
}

#[test]
fn lists_are_comma_separated_in_variables() {
    let file = ("kith.toml", "trusted_proxies = [\"10.0.0.0/8\", \"::1\"]");
    assert_eq!(load_with(&[file], &[]).unwrap().config.trusted_proxies.len(), 2);
    let file = ("kith.yaml", "trusted_proxies:\n  - 10.0.0.0/8\n  - ::1\ncors:\n");
    assert_eq!(load_with(&[file], &[]).unwrap().config.trusted_proxies.len(), 2);
    let variable = ("KITH_TRUSTED_PROXIES", "10.0.0.0/8, ::1");
    assert_eq!(load_with(&[], &[variable]).unwrap().config.trusted_proxies.len(), 2);
    assert!(load_with(&[file], &[("KITH_TRUSTED_PROXIES", "")]).unwrap().config.trusted_proxies.is_empty());
}

#[test]
fn all_errors_are_reported_at_once_with_their_origin() {
    let file = "mode = \"prodution\"\nlissten = \"x\"\n\n[http]\nmax_body_bytes = \"256\"\nmax_concurrent_calls = [1]\n[realtime]\nping_interval = \"1ms\"\n";
    let found = errors(
        &[("kith.toml", file)],
        &[("KITH_LISTEN", "8080"), ("KITH_HTTP_CALL_TIMEOT", "5"), ("KITH_WHATEVER_ELSE", ""), ("KITH_TEST_X", "")],
    );
    let keys: Vec<_> = found.iter().map(|(key, _)| key.as_str()).collect();
    let expected = [
        "",
        "",
        "http.max_body_bytes",
        "http.max_concurrent_calls",
        "lissten",
        "listen",
        "mode",
        "realtime.ping_interval",
    ];
    assert_eq!(keys, expected, "{found:#?}");
    let message = |key: &str| found.iter().find(|(it, _)| it == key).unwrap().1.clone();
    assert!(message("http.max_body_bytes").contains("kith.toml:5"), "{}", message("http.max_body_bytes"));
    assert!(message("lissten").contains("did you mean listen?"));
    assert!(message("listen").contains("KITH_LISTEN"));
    assert!(found.iter().any(|(_, text)| text.contains("did you mean KITH_HTTP_CALL_TIMEOUT?")));
    assert!(found.iter().any(|(_, text)| text.contains("KITH_WHATEVER_ELSE: unknown variable")));
}

#[test]
fn a_malformed_file_is_reported_with_its_line_among_other_errors() {
    for (name, text) in [("kith.toml", "mode = \"development\"\nlisten = = 1\n"), ("kith.yaml", "a: 1\nb: [1\n")] {
        let found = errors(&[(name, text)], &[("KITH_MODE", "x")]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].1.contains(&format!("{name}:")), "{found:?}");
    }
    assert_eq!(errors(&[("kith.toml", ""), ("kith.yaml", "")], &[]).len(), 1);
    assert_eq!(errors(&[], &[("KITH_CONFIG", "/nowhere/kith.toml")]).len(), 1);
    assert_eq!(errors(&[], &[("KITH_CONFIG", "/nowhere/kith.json")]).len(), 1);
}

#[test]
fn the_flag_overrides_the_variable_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    fs::write(&file, "listen = \"127.0.0.1:2\"").unwrap();
    let environment = variables(&[("KITH_CONFIG", "/nowhere/kith.toml")]);
    let loaded = load(ConfigSource { file: Some(&file), folder: folder.path(), environment: &environment }).unwrap();
    assert_eq!(loaded.config.listen.port(), 2);
    assert_eq!(loaded.file, Some(file));
}

#[test]
fn production_requires_explicit_settings() {
    assert!(invalid_keys(("KITH_LOG_LEVEL", Some("info"))).is_empty());
    assert_eq!(invalid_keys(("KITH_SECRETS_CURRENT", None)), ["secrets.current"]);
    assert_eq!(invalid_keys(("KITH_SECRETS_BLIND_INDEX", None)), ["secrets.blind_index"]);
    assert_eq!(invalid_keys(("KITH_EMBEDDED", None)), ["embedded"]);
    assert_eq!(invalid_keys(("KITH_PUBLIC_URL", None)), ["public_url"]);
    assert_eq!(invalid_keys(("KITH_PUBLIC_URL", Some("http://kith.example.org"))), ["public_url"]);
    assert_eq!(invalid_keys(("KITH_CORS_ALLOWED_ORIGINS", Some("*"))), ["cors.allowed_origins"]);
    let bare = errors(&[], &[("KITH_MODE", "production")]);
    assert_eq!(
        bare.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(),
        ["embedded", "public_url", "secrets.blind_index", "secrets.current"]
    );
}

#[test]
fn rules_across_keys_are_enforced() {
    let cases = [
        ("KITH_HTTP_MAX_MESSAGE_BYTES", "1KiB", "http.max_message_bytes"),
        ("KITH_HTTP_STREAM_TIMEOUT", "1s", "http.stream_timeout"),
        ("KITH_HTTP_CALL_TIMEOUT", "51s", "http.call_timeout"),
        ("KITH_REALTIME_MAX_REPLAY_EVENTS", "1000", "realtime.max_replay_events"),
        ("KITH_REALTIME_PING_INTERVAL", "1ms", "realtime.ping_interval"),
        ("KITH_EMBEDDED", "false", "embedded"),
        ("KITH_LOG_LEVEL", "info,=,", "log.level"),
    ];
    for (variable, value, key) in cases {
        assert_eq!(invalid_keys((variable, Some(value))), [key], "{variable}={value}");
    }
    let one = secret();
    let twice = [("KITH_SECRETS_CURRENT", one.as_str()), ("KITH_SECRETS_BLIND_INDEX", one.as_str())];
    assert_eq!(errors(&[], &twice)[0].0, "secrets.blind_index");
    let again = [("KITH_SECRETS_CURRENT", one.as_str()), ("KITH_SECRETS_PREVIOUS", one.as_str())];
    assert_eq!(errors(&[], &again)[0].0, "secrets.previous");
    assert_eq!(errors(&[], &[("KITH_SECRETS_PREVIOUS", one.as_str())])[0].0, "secrets.previous");
}

#[test]
fn a_secret_can_be_read_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("current");
    let one = secret();
    fs::write(&path, format!("{one}\n")).unwrap();
    let name = ("KITH_SECRETS_CURRENT_FILE", path.to_str().unwrap());
    let loaded = load_with(&[], &[name]).unwrap();
    assert!(loaded.config.secrets.current.is_some());
    fs::write(folder.path().join("previous"), format!("{}\n{}\n", secret(), secret())).unwrap();
    let previous = folder.path().join("previous");
    let loaded = load_with(&[], &[name, ("KITH_SECRETS_PREVIOUS_FILE", previous.to_str().unwrap())]).unwrap();
    assert_eq!(loaded.config.secrets.previous.len(), 2);
    assert_eq!(errors(&[], &[name, ("KITH_SECRETS_CURRENT", &one)])[0].0, "secrets.current");
    assert_eq!(errors(&[], &[("KITH_SECRETS_CURRENT_FILE", "/nowhere")])[0].0, "secrets.current");
    // Only secrets have one.
    assert_eq!(errors(&[], &[("KITH_LISTEN_FILE", "/nowhere")])[0].0, "");
}

#[test]
fn secrets_are_never_printed_not_even_invalid_ones() {
    let (one, other) = (secret(), secret());
    let pairs = [("KITH_SECRETS_CURRENT", one.as_str()), ("KITH_SECRETS_PREVIOUS", other.as_str())];
    let loaded = load_with(&[], &pairs).unwrap();
    let everything = format!("{loaded:?}");
    assert!(!everything.contains(&one) && !everything.contains(&other));
    let bytes = format!("{:?}", loaded.config.secrets.current.as_ref().unwrap().expose());
    assert!(!everything.contains(&bytes));
    let wrong = "correct-horse-battery-staple";
    for name in ["KITH_SECRETS_CURRENT", "KITH_SECRETS_PREVIOUS", "KITH_SECRETS_BLIND_INDEX"] {
        let errors = load_with(&[], &[(name, wrong)]).unwrap_err();
        assert!(!format!("{errors} {errors:?}").contains(wrong));
    }
    let file = format!("secrets:\n  current: \"{wrong}\n");
    let errors = load_with(&[("kith.yaml", &file)], &[]).unwrap_err();
    assert!(!format!("{errors} {errors:?}").contains(wrong), "{errors}");
    let file = format!("[secrets]\ncurrent = {wrong}\n");
    let errors = load_with(&[("kith.toml", &file)], &[]).unwrap_err();
    assert!(!format!("{errors} {errors:?}").contains(wrong), "{errors}");
}

#[test]
fn declared_defaults_equal_the_displayed_values() {
    let loaded = load_with(&[], &[]).unwrap();
    for (key, resolved) in KEYS.iter().zip(&loaded.resolved) {
        let unset = key.default.is_empty() && ["not set", "none"].contains(&resolved.value.as_str());
        assert!(unset || key.default == resolved.value, "{key:?} {resolved:?}");
    }
}

#[test]
fn the_generated_documentation_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let current = fs::read_to_string(&path).unwrap_or_default();
    assert!(current == docs::page(), "run: kith config docs > docs/configuration.md");
}
