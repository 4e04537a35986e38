use std::fs;

use kith_kernel::{Entropy as _, SystemEntropy};

use super::{keys::KEYS, *};

fn variables(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Loads in a folder of these files, with these variables.
fn load_with(files: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<Loaded, Faults> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    load(Request { file: None, folder: folder.path(), environment: &variables(environment) })
}

fn faults(files: &[(&str, &str)], environment: &[(&str, &str)]) -> Vec<(String, String)> {
    let faults = load_with(files, environment).map(|loaded| loaded.config).unwrap_err();
    faults.all().iter().map(|fault| (fault.key.clone(), fault.to_string())).collect()
}

fn secret() -> String {
    SystemEntropy.secret().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// Everything that production asks for.
fn production() -> Vec<(&'static str, String)> {
    vec![
        ("KITH_MODE", "production".to_owned()),
        ("KITH_EMBEDDED", "true".to_owned()),
        ("KITH_PUBLIC_URL", "https://kith.example.org".to_owned()),
        ("KITH_SECRETS_CURRENT", secret()),
        ("KITH_SECRETS_INDEX", secret()),
    ]
}

fn keys_at_fault(change: (&str, Option<&str>)) -> Vec<String> {
    let mut all: Environment = production().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    match change {
        (name, Some(value)) => all.insert(name.to_owned(), value.to_owned()),
        (name, None) => all.remove(name),
    };
    match load(Request { file: None, folder: Path::new("/nowhere"), environment: &all }) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.all().iter().map(|fault| fault.key.clone()).collect(),
    }
}

#[test]
fn nothing_at_all_is_a_configuration_for_development() {
    let loaded = load_with(&[], &[]).unwrap();
    assert_eq!(loaded.config.mode, Mode::Development);
    assert_eq!(loaded.config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(loaded.config.http.body_bytes.bytes(), 256 * 1_024);
    assert_eq!(loaded.config.log_format(), LogFormat::Pretty);
    assert_eq!(loaded.file, None);
    assert_eq!(loaded.shown.len(), KEYS.len());
    assert!(loaded.shown.iter().all(|shown| shown.source == Source::Default));
}

#[test]
fn a_variable_wins_over_the_file_and_the_file_over_the_default() {
    let toml = "listen = \"0.0.0.0:1\"\n[http]\ncalls = 7\nstreams = 8\n";
    let yaml = "listen: 0.0.0.0:1\nhttp:\n  calls: 7\n  streams: 8\n";
    for file in [("kith.toml", toml), ("kith.yaml", yaml), ("kith.yml", yaml)] {
        let loaded = load_with(&[file], &[("KITH_HTTP_STREAMS", "9"), ("HOME", "/")]).unwrap();
        assert_eq!(loaded.config.listen.to_string(), "0.0.0.0:1");
        assert_eq!((loaded.config.http.calls, loaded.config.http.streams), (7, 9), "{}", file.0);
        assert_eq!(loaded.config.realtime.channels, 128);
        let source = |key| loaded.shown.iter().find(|shown| shown.key == key).unwrap().source.to_string();
        assert!(source("http.calls").ends_with(&format!("{}:3", file.0)), "{}", source("http.calls"));
        assert_eq!(source("http.streams"), "KITH_HTTP_STREAMS");
        assert_eq!(source("realtime.channels"), "default");
    }
}

#[test]
fn lists_are_lists_in_a_file_and_have_commas_in_a_variable() {
    let file = ("kith.toml", "trusted_proxies = [\"10.0.0.0/8\", \"::1\"]");
    assert_eq!(load_with(&[file], &[]).unwrap().config.trusted_proxies.len(), 2);
    let file = ("kith.yaml", "trusted_proxies:\n  - 10.0.0.0/8\n  - ::1\ncors:\n");
    assert_eq!(load_with(&[file], &[]).unwrap().config.trusted_proxies.len(), 2);
    let variable = ("KITH_TRUSTED_PROXIES", "10.0.0.0/8, ::1");
    assert_eq!(load_with(&[], &[variable]).unwrap().config.trusted_proxies.len(), 2);
    assert!(load_with(&[file], &[("KITH_TRUSTED_PROXIES", "")]).unwrap().config.trusted_proxies.is_empty());
}

#[test]
fn every_fault_is_named_at_once_with_its_place() {
    let file = "mode = \"prodution\"\nlissten = \"x\"\n\n[http]\nbody_bytes = \"256\"\ncalls = [1]\n[realtime]\nping_after = \"1ms\"\n";
    let found = faults(
        &[("kith.toml", file)],
        &[("KITH_LISTEN", "8080"), ("KITH_HTTP_CALS", "5"), ("KITH_WHATEVER_ELSE", ""), ("KITH_TEST_X", "")],
    );
    let keys: Vec<_> = found.iter().map(|(key, _)| key.as_str()).collect();
    let expected = ["", "", "http.body_bytes", "http.calls", "lissten", "listen", "mode", "realtime.ping_after"];
    assert_eq!(keys, expected, "{found:#?}");
    let of = |key: &str| found.iter().find(|(it, _)| it == key).unwrap().1.clone();
    assert!(of("http.body_bytes").contains("kith.toml:5"), "{}", of("http.body_bytes"));
    assert!(of("lissten").contains("did you mean listen?"));
    assert!(of("listen").contains("KITH_LISTEN"));
    assert!(found.iter().any(|(_, text)| text.contains("did you mean KITH_HTTP_CALLS?")));
    assert!(found.iter().any(|(_, text)| text.contains("KITH_WHATEVER_ELSE: no key has this variable")));
}

#[test]
fn a_file_that_cannot_be_understood_is_a_fault_with_its_line_beside_all_others() {
    for (name, text) in [("kith.toml", "mode = \"development\"\nlisten = = 1\n"), ("kith.yaml", "a: 1\nb: [1\n")] {
        let found = faults(&[(name, text)], &[("KITH_MODE", "x")]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].1.contains(&format!("{name}:")), "{found:?}");
    }
    assert_eq!(faults(&[("kith.toml", ""), ("kith.yaml", "")], &[]).len(), 1);
    assert_eq!(faults(&[], &[("KITH_CONFIG", "/nowhere/kith.toml")]).len(), 1);
    assert_eq!(faults(&[], &[("KITH_CONFIG", "/nowhere/kith.json")]).len(), 1);
}

#[test]
fn a_flag_wins_over_the_variable_that_names_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    fs::write(&file, "listen = \"127.0.0.1:2\"").unwrap();
    let environment = variables(&[("KITH_CONFIG", "/nowhere/kith.toml")]);
    let loaded = load(Request { file: Some(&file), folder: folder.path(), environment: &environment }).unwrap();
    assert_eq!(loaded.config.listen.port(), 2);
    assert_eq!(loaded.file, Some(file));
}

#[test]
fn production_makes_nothing_up() {
    assert!(keys_at_fault(("KITH_LOG_LEVEL", Some("info"))).is_empty());
    assert_eq!(keys_at_fault(("KITH_SECRETS_CURRENT", None)), ["secrets.current"]);
    assert_eq!(keys_at_fault(("KITH_SECRETS_INDEX", None)), ["secrets.index"]);
    assert_eq!(keys_at_fault(("KITH_EMBEDDED", None)), ["embedded"]);
    assert_eq!(keys_at_fault(("KITH_PUBLIC_URL", None)), ["public_url"]);
    assert_eq!(keys_at_fault(("KITH_PUBLIC_URL", Some("http://kith.example.org"))), ["public_url"]);
    assert_eq!(keys_at_fault(("KITH_CORS_ORIGINS", Some("*"))), ["cors.origins"]);
    let bare = faults(&[], &[("KITH_MODE", "production")]);
    assert_eq!(
        bare.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(),
        ["embedded", "public_url", "secrets.current", "secrets.index"]
    );
}

#[test]
fn values_fit_each_other() {
    let cases = [
        ("KITH_HTTP_MESSAGE_BYTES", "1KiB", "http.message_bytes"),
        ("KITH_HTTP_STREAM_TIMEOUT", "1s", "http.stream_timeout"),
        ("KITH_REALTIME_REPLAY", "1000", "realtime.replay"),
        ("KITH_REALTIME_PING_AFTER", "1ms", "realtime.ping_after"),
        ("KITH_EMBEDDED", "false", "embedded"),
        ("KITH_LOG_LEVEL", "info,=,", "log.level"),
    ];
    for (variable, value, key) in cases {
        assert_eq!(keys_at_fault((variable, Some(value))), [key], "{variable}={value}");
    }
    let one = secret();
    let twice = [("KITH_SECRETS_CURRENT", one.as_str()), ("KITH_SECRETS_INDEX", one.as_str())];
    assert_eq!(faults(&[], &twice)[0].0, "secrets.index");
    let again = [("KITH_SECRETS_CURRENT", one.as_str()), ("KITH_SECRETS_PREVIOUS", one.as_str())];
    assert_eq!(faults(&[], &again)[0].0, "secrets.previous");
    assert_eq!(faults(&[], &[("KITH_SECRETS_PREVIOUS", one.as_str())])[0].0, "secrets.previous");
}

#[test]
fn a_secret_can_come_from_a_file_of_its_own() {
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
    assert_eq!(faults(&[], &[name, ("KITH_SECRETS_CURRENT", &one)])[0].0, "secrets.current");
    assert_eq!(faults(&[], &[("KITH_SECRETS_CURRENT_FILE", "/nowhere")])[0].0, "secrets.current");
    // Only secrets have one.
    assert_eq!(faults(&[], &[("KITH_LISTEN_FILE", "/nowhere")])[0].0, "");
}

#[test]
fn a_secret_is_never_shown_not_even_a_wrong_one() {
    let (one, other) = (secret(), secret());
    let pairs = [("KITH_SECRETS_CURRENT", one.as_str()), ("KITH_SECRETS_PREVIOUS", other.as_str())];
    let loaded = load_with(&[], &pairs).unwrap();
    let everything = format!("{loaded:?}");
    assert!(!everything.contains(&one) && !everything.contains(&other));
    let bytes = format!("{:?}", loaded.config.secrets.current.as_ref().unwrap().reveal());
    assert!(!everything.contains(&bytes));
    let wrong = "correct-horse-battery-staple";
    for name in ["KITH_SECRETS_CURRENT", "KITH_SECRETS_PREVIOUS", "KITH_SECRETS_INDEX"] {
        let faults = load_with(&[], &[(name, wrong)]).unwrap_err();
        assert!(!format!("{faults} {faults:?}").contains(wrong));
    }
    let file = format!("secrets:\n  current: \"{wrong}\n");
    let faults = load_with(&[("kith.yaml", &file)], &[]).unwrap_err();
    assert!(!format!("{faults} {faults:?}").contains(wrong), "{faults}");
    let file = format!("[secrets]\ncurrent = {wrong}\n");
    let faults = load_with(&[("kith.toml", &file)], &[]).unwrap_err();
    assert!(!format!("{faults} {faults:?}").contains(wrong), "{faults}");
}

#[test]
fn every_default_that_is_written_is_the_value_that_is_shown() {
    let loaded = load_with(&[], &[]).unwrap();
    for (key, shown) in KEYS.iter().zip(&loaded.shown) {
        let unset = key.default.is_empty() && ["not set", "none"].contains(&shown.value.as_str());
        assert!(unset || key.default == shown.value, "{key:?} {shown:?}");
    }
}

#[test]
fn the_page_about_the_configuration_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == docs::page(), "run: kith config docs > docs/configuration.md");
}
