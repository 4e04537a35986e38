//! Parses TOML and YAML into dotted keys with line numbers.

use std::{fmt, fs, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;
use toml::de::{DeTable, DeValue};

use super::{error::ConfigError, precedence::Entry, source::Source, value::RawValue};

/// Reads the entries of a file. The extension determines the format.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, ConfigError> {
    let whole_file = || Source::File { path: path.to_owned(), line: None };
    let text = fs::read_to_string(path)
        .map_err(|error| ConfigError::new("", whole_file(), format!("cannot read the file: {error}")))?;
    let tree = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => from_toml(&text),
        Some("yaml" | "yml") => from_yaml(&text),
        _ => return Err(ConfigError::new("", whole_file(), "must be a .toml or .yaml file")),
    };
    let tree =
        tree.map_err(|(line, message)| ConfigError::new("", Source::File { path: path.to_owned(), line }, message))?;
    let mut entries = Vec::new();
    flatten(String::new(), tree, path, &mut entries);
    Ok(entries)
}

/// A parsed value, independent of the format.
struct Node {
    line: usize,
    value: Value,
}

enum Value {
    Null,
    Scalar(String),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

type Parsed = Result<Node, (Option<usize>, String)>;

fn flatten(key: String, node: Node, path: &Path, entries: &mut Vec<Entry>) {
    let source = Source::File { path: path.to_owned(), line: Some(node.line) };
    match node.value {
        // A key without a value counts as unset.
        Value::Null => {}
        Value::Scalar(text) => entries.push(Entry { key, value: RawValue::Text(text), source }),
        Value::List(nodes) => {
            let text = |node: Node| match node.value {
                Value::Scalar(text) => text,
                Value::Null | Value::List(_) | Value::Table(_) => String::new(),
            };
            entries.push(Entry { key, value: RawValue::List(nodes.into_iter().map(text).collect()), source });
        }
        Value::Table(pairs) => {
            for (name, node) in pairs {
                let key = if key.is_empty() { name } else { format!("{key}.{name}") };
                flatten(key, node, path, entries);
            }
        }
    }
}

fn from_toml(text: &str) -> Parsed {
    let table = DeTable::parse(text)
        .map_err(|error| (error.span().map(|span| line(text, span.start)), error.message().to_owned()))?;
    let line_of = |at: usize| line(text, at);
    Ok(Node { line: 1, value: toml_table(table.get_ref(), &line_of) })
}

fn toml_table(table: &DeTable<'_>, line: &dyn Fn(usize) -> usize) -> Value {
    let node = |value: &toml::Spanned<DeValue<'_>>, at: usize| Node {
        line: line(at),
        value: toml_value(value.get_ref(), line),
    };
    Value::Table(table.iter().map(|(key, value)| (key.get_ref().to_string(), node(value, key.span().start))).collect())
}

fn toml_value(value: &DeValue<'_>, line: &dyn Fn(usize) -> usize) -> Value {
    match value {
        DeValue::String(text) => Value::Scalar(text.to_string()),
        DeValue::Integer(number) => Value::Scalar(number.to_string()),
        DeValue::Float(number) => Value::Scalar(number.to_string()),
        DeValue::Boolean(flag) => Value::Scalar(flag.to_string()),
        DeValue::Datetime(moment) => Value::Scalar(moment.to_string()),
        DeValue::Array(items) => {
            let node = |item: &toml::Spanned<DeValue<'_>>| Node {
                line: line(item.span().start),
                value: toml_value(item.get_ref(), line),
            };
            Value::List(items.iter().map(node).collect())
        }
        DeValue::Table(table) => toml_table(table, line),
    }
}

fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count().saturating_add(1)
}

fn from_yaml(text: &str) -> Parsed {
    if text.trim().is_empty() {
        return Ok(Node { line: 1, value: Value::Null });
    }
    serde_saphyr::from_str::<Spanned<Yaml>>(text).map(Node::from).map_err(|error| {
        let line = error.location().and_then(|location| usize::try_from(location.line()).ok());
        // The remaining lines quote the file, which may contain a secret.
        let message = error.without_snippet().to_string();
        (line, message.lines().next().unwrap_or("invalid YAML").to_owned())
    })
}

/// A YAML value with line numbers.
enum Yaml {
    Null,
    Scalar(String),
    List(Vec<Spanned<Yaml>>),
    Table(Vec<(String, Spanned<Yaml>)>),
}

impl From<Spanned<Yaml>> for Node {
    fn from(spanned: Spanned<Yaml>) -> Self {
        let value = match spanned.value {
            Yaml::Null => Value::Null,
            Yaml::Scalar(text) => Value::Scalar(text),
            Yaml::List(items) => Value::List(items.into_iter().map(Self::from).collect()),
            Yaml::Table(pairs) => Value::Table(pairs.into_iter().map(|(key, node)| (key, node.into())).collect()),
        };
        Self { line: usize::try_from(spanned.referenced.line()).unwrap_or(0), value }
    }
}

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(YamlVisitor)
    }
}

struct YamlVisitor;

impl<'de> Visitor<'de> for YamlVisitor {
    type Value = Yaml;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Null)
    }

    fn visit_none<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Yaml, D::Error> {
        Yaml::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(flag.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Yaml, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Yaml::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Yaml, A::Error> {
        let mut table = Vec::new();
        while let Some(pair) = pairs.next_entry()? {
            table.push(pair);
        }
        Ok(Yaml::Table(table))
    }
}
