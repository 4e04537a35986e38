//! Texts, sealed where they are kept, and names of reporters that hold in one case only.

use std::sync::Arc;

use kith_kernel::{
    CaseId, Failure, Fault, PersonaId, Timestamp, UserId,
    ports::{Place, Vault},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::{Snapshot, Surrounding};

/// What a key is for.
const PURPOSE: &str = "kith/moderation";

/// A column that holds what people wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// What something said.
    Evidence,
    /// What a reporter says of it.
    Words,
    /// Why something was decided.
    Statement,
    /// What the person concerned says to it.
    Appeal,
}

impl Column {
    const fn place(self, row: Uuid) -> Place {
        let (table, column) = match self {
            Self::Evidence => ("evidence", "sealed"),
            Self::Words => ("reports", "words"),
            Self::Statement => ("decisions", "statement"),
            Self::Appeal => ("decisions", "appeal_words"),
        };
        Place { table, column, row, owner: Uuid::nil() }
    }
}

/// Seals what cases hold, under a key of the system: it outlives the accounts that it is about.
#[derive(Clone)]
pub struct Sealer {
    /// What seals.
    pub vault: Arc<dyn Vault>,
}

impl Sealer {
    /// Seals a text for this column of this row. One that is empty stays so.
    ///
    /// # Errors
    /// Only faults of our own.
    pub fn seal(&self, column: Column, row: Uuid, text: &str) -> Result<Vec<u8>, Failure> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        self.vault.seal(&self.vault.system_key(PURPOSE), &column.place(row), text.as_bytes())
    }

    /// Opens a text.
    ///
    /// # Errors
    /// [`Fault::Internal`] for one that was not sealed here.
    pub fn open(&self, column: Column, row: Uuid, sealed: &[u8]) -> Result<String, Failure> {
        if sealed.is_empty() {
            return Ok(String::new());
        }
        let plain = self.vault.open(&self.vault.system_key(PURPOSE), &column.place(row), sealed)?;
        String::from_utf8(plain).map_err(|error| Failure::new(Fault::Internal, error))
    }

    /// Seals what something said.
    ///
    /// # Errors
    /// Only faults of our own.
    pub fn seal_snapshot(&self, row: Uuid, snapshot: &Snapshot) -> Result<Vec<u8>, Failure> {
        self.seal(Column::Evidence, row, &written(snapshot).to_string())
    }

    /// Opens what something said.
    ///
    /// # Errors
    /// [`Fault::Internal`] for what was not sealed here.
    pub fn open_snapshot(&self, row: Uuid, sealed: &[u8]) -> Result<Snapshot, Failure> {
        let text = self.open(Column::Evidence, row, sealed)?;
        let value: Value = serde_json::from_str(&text).map_err(|error| Failure::new(Fault::Internal, error))?;
        read(&value).ok_or_else(|| Failure::new(Fault::Internal, "evidence of a form that this build does not know"))
    }

    /// What a reporter is called in a case. In another they are called something else, and nobody can tell who it is.
    #[must_use]
    pub fn alias(&self, case: CaseId, reporter: UserId) -> String {
        let [one, two, three, four, ..] = self.vault.blind_index("moderation/alias", &format!("{case}:{reporter}"));
        format!("reporter-{:08x}", u32::from_be_bytes([one, two, three, four]))
    }
}

fn written(snapshot: &Snapshot) -> Value {
    let edits: Vec<Value> = snapshot.edits.iter().map(|(at, text)| json!([at.millis(), text])).collect();
    let context = snapshot.context.iter();
    let context: Vec<Value> = context.map(|it| json!([it.persona.to_string(), it.at.millis(), it.text])).collect();
    json!({ "at": snapshot.at.millis(), "text": snapshot.text, "edits": edits, "context": context })
}

fn read(value: &Value) -> Option<Snapshot> {
    let at = |value: &Value| value.as_i64().map(Timestamp::from_millis);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let edit = |value: &Value| Some((at(value.get(0)?)?, text(value.get(1)?)?));
    let surrounding = |value: &Value| {
        let persona: PersonaId = value.get(0)?.as_str()?.parse().ok()?;
        Some(Surrounding { persona, at: at(value.get(1)?)?, text: text(value.get(2)?)? })
    };
    Some(Snapshot {
        at: at(value.get("at")?)?,
        text: text(value.get("text")?)?,
        edits: value.get("edits")?.as_array()?.iter().map(edit).collect::<Option<_>>()?,
        context: value.get("context")?.as_array()?.iter().map(surrounding).collect::<Option<_>>()?,
    })
}
