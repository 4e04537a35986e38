//! Encryption of user texts at rest, and aliases of reporters.

use std::sync::Arc;

use kith_kernel::{
    CaseId, ErrorKind, PersonaId, PortError, Timestamp, UserId,
    ports::{FieldEncryption, FieldLocation},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::{ContextItem, EvidenceSnapshot};

/// Label of the encryption key.
const PURPOSE: &str = "kith/moderation";

/// Encrypted column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedColumn {
    /// Captured evidence.
    Evidence,
    /// Comment of a reporter.
    ReportComment,
    /// Statement of reasons of a decision.
    Statement,
    /// Text of an appeal.
    AppealText,
}

impl SealedColumn {
    const fn location(self, row: Uuid) -> FieldLocation {
        let (table, column) = match self {
            Self::Evidence => ("evidence", "snapshot"),
            Self::ReportComment => ("reports", "comment"),
            Self::Statement => ("decisions", "statement"),
            Self::AppealText => ("decisions", "appeal_text"),
        };
        FieldLocation { table, column, row, owner: Uuid::nil() }
    }
}

/// Encrypts texts of cases with a system key. The key does not belong to an account, because evidence is retained after
/// the account is deleted.
#[derive(Clone)]
pub struct EvidenceCipher {
    pub encryption: Arc<dyn FieldEncryption>,
}

impl EvidenceCipher {
    /// Encrypts a text for one column of one row. An empty text stays empty.
    ///
    /// # Errors
    /// Only internal errors.
    pub fn seal(&self, column: SealedColumn, row: Uuid, text: &str) -> Result<Vec<u8>, PortError> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        self.encryption.seal(&self.encryption.system_key(PURPOSE), &column.location(row), text.as_bytes())
    }

    /// Decrypts a text.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] if the text was not encrypted for this column and row.
    pub fn open(&self, column: SealedColumn, row: Uuid, sealed: &[u8]) -> Result<String, PortError> {
        if sealed.is_empty() {
            return Ok(String::new());
        }
        let plain = self.encryption.open(&self.encryption.system_key(PURPOSE), &column.location(row), sealed)?;
        String::from_utf8(plain).map_err(|error| PortError::new(ErrorKind::Internal, error))
    }

    /// Encrypts captured evidence.
    ///
    /// # Errors
    /// Only internal errors.
    pub fn seal_snapshot(&self, row: Uuid, snapshot: &EvidenceSnapshot) -> Result<Vec<u8>, PortError> {
        self.seal(SealedColumn::Evidence, row, &encode(snapshot).to_string())
    }

    /// Decrypts captured evidence.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] if the evidence was not encrypted for this row.
    pub fn open_snapshot(&self, row: Uuid, sealed: &[u8]) -> Result<EvidenceSnapshot, PortError> {
        let text = self.open(SealedColumn::Evidence, row, sealed)?;
        let value: Value = serde_json::from_str(&text).map_err(|error| PortError::new(ErrorKind::Internal, error))?;
        decode(&value).ok_or_else(|| PortError::new(ErrorKind::Internal, "unknown encoding of evidence"))
    }

    /// Returns the alias of a reporter in a case. It is stable within the case, differs between cases, and cannot be
    /// traced to the account without the key.
    #[must_use]
    pub fn reporter_alias(&self, case: CaseId, reporter: UserId) -> String {
        let [one, two, three, four, ..] =
            self.encryption.blind_index("moderation/alias", &format!("{case}:{reporter}"));
        format!("reporter-{:08x}", u32::from_be_bytes([one, two, three, four]))
    }
}

fn encode(snapshot: &EvidenceSnapshot) -> Value {
    let revisions: Vec<Value> = snapshot.revisions.iter().map(|(at, text)| json!([at.millis(), text])).collect();
    let context = snapshot.context.iter();
    let context: Vec<Value> = context.map(|it| json!([it.persona.to_string(), it.at.millis(), it.text])).collect();
    json!({ "at": snapshot.at.millis(), "text": snapshot.text, "revisions": revisions, "context": context })
}

fn decode(value: &Value) -> Option<EvidenceSnapshot> {
    let at = |value: &Value| value.as_i64().map(Timestamp::from_millis);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let revision = |value: &Value| Some((at(value.get(0)?)?, text(value.get(1)?)?));
    let context_item = |value: &Value| {
        let persona: PersonaId = value.get(0)?.as_str()?.parse().ok()?;
        Some(ContextItem { persona, at: at(value.get(1)?)?, text: text(value.get(2)?)? })
    };
    Some(EvidenceSnapshot {
        at: at(value.get("at")?)?,
        text: text(value.get("text")?)?,
        revisions: value.get("revisions")?.as_array()?.iter().map(revision).collect::<Option<_>>()?,
        context: value.get("context")?.as_array()?.iter().map(context_item).collect::<Option<_>>()?,
    })
}
