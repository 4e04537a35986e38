//! Reading of the audit log. Records name accounts by id; callers get personas instead.

use std::collections::{BTreeSet, HashMap};

use kith_kernel::{
    Actor, Cursor, Page, PageSize, PersonaId, UserId,
    audit::{AuditRecord, OPERATOR},
    ports::{AuditQuery, Persona},
};

use super::Service;
use crate::Error;

/// Filter of the audit log. Conditions are combined by "and".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Public persona of the account that acted.
    pub actor: Option<PersonaId>,
    /// Subject as callers see it: `persona:<id>` for an account.
    pub subject: Option<String>,
}

/// A record with personas in place of account ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntryView {
    pub record: AuditRecord,
    /// `None` for the operator and for erased accounts.
    pub actor: Option<Persona>,
    pub subject: String,
    pub detail: String,
}

/// Public personas of the accounts that a page names.
type PersonaMap = HashMap<UserId, PersonaId>;

/// Prefixes of a subject: as stored, and as shown.
const ACCOUNT: &str = "account:";
const PERSONA: &str = "persona:";

impl Service {
    /// Returns records of the audit log, newest first, and the token of the next page.
    ///
    /// # Errors
    /// [`Error::NotAdmin`], [`Error::PersonaNotFound`] for an unknown persona in the filter, [`Error::Page`].
    pub async fn list_audit_log(
        &self,
        actor: &Actor,
        filter: AuditFilter,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<AuditEntryView>, String), Error> {
        actor.admin()?;
        let list = format!("audit/{:?}/{:?}", filter.actor, filter.subject);
        let before = self.page_tokens.cursor(&list, token)?.map(|cursor| cursor.rank);
        let query = AuditQuery {
            actor: match filter.actor {
                Some(persona) => Some(self.account_of_public(persona).await?),
                None => None,
            },
            subject: match filter.subject {
                Some(subject) => Some(self.stored_subject(subject).await?),
                None => None,
            },
            before,
        };
        let records = self.audit.list(&query, size.lookahead()).await?;
        let page = Page::from_lookahead(records, size, |record| Cursor { rank: record.position, id: record.id });
        Ok((self.views_of(page.items).await?, self.page_tokens.token(&list, page.next)))
    }

    /// Converts a subject from the form that callers see to the stored form. A subject that names an account by id is
    /// rejected, so that callers cannot test guesses of account ids.
    async fn stored_subject(&self, subject: String) -> Result<String, Error> {
        match subject.strip_prefix(PERSONA).map(str::parse::<PersonaId>) {
            Some(Ok(persona)) => Ok(format!("{ACCOUNT}{}", self.account_of_public(persona).await?)),
            Some(Err(_)) => Err(Error::PersonaNotFound),
            None if subject.starts_with(ACCOUNT) => Err(Error::PersonaNotFound),
            None => Ok(subject),
        }
    }

    async fn views_of(&self, records: Vec<AuditRecord>) -> Result<Vec<AuditEntryView>, Error> {
        let mut persona_ids = PersonaMap::new();
        let users: BTreeSet<UserId> = records.iter().flat_map(accounts_in).collect();
        for user in users {
            if let Some(account) = self.accounts.status(user).await? {
                persona_ids.insert(user, account.persona);
            }
        }
        let ids: Vec<PersonaId> = persona_ids.values().copied().collect();
        let personas = self.personas.find_many(&ids).await?;
        let views = records.into_iter().map(|record| {
            let actor = persona_ids.get(&UserId::from_uuid(record.actor)).and_then(|id| personas.get(id)).cloned();
            let subject = match record.subject.strip_prefix(ACCOUNT) {
                Some(id) => format!("{PERSONA}{}", persona_of(&persona_ids, id)),
                None => record.subject.clone(),
            };
            let fields = record.detail.split(' ').map(|field| match field.strip_prefix("account=") {
                Some(id) => format!("persona={}", persona_of(&persona_ids, id)),
                None => field.to_owned(),
            });
            let detail = fields.collect::<Vec<_>>().join(" ");
            AuditEntryView { record, actor, subject, detail }
        });
        Ok(views.collect())
    }
}

/// Accounts that a record names, without the operator.
fn accounts_in(record: &AuditRecord) -> Vec<UserId> {
    let subject = record.subject.strip_prefix(ACCOUNT);
    let details = record.detail.split(' ').filter_map(|field| field.strip_prefix("account="));
    let named = subject.into_iter().chain(details).filter_map(|id| id.parse().ok());
    std::iter::once(UserId::from_uuid(record.actor)).chain(named).filter(|user| *user != OPERATOR).collect()
}

/// Public persona of an account, or `gone` for an erased one. Account ids are never shown.
fn persona_of(persona_ids: &PersonaMap, account: &str) -> String {
    let persona = account.parse().ok().and_then(|user: UserId| persona_ids.get(&user));
    persona.map_or_else(|| "gone".to_owned(), ToString::to_string)
}
