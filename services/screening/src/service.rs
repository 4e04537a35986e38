//! Use cases: list, put and test rules.

use std::sync::Arc;

use kith_kernel::{
    Actor, Admin, Clock, Entropy, EventId, Moderator, Timestamp,
    audit::{AuditAction, AuditEntry},
    ports::{ContentModeration, Evidence},
};
use kith_screening_engine::{Action, Engine, Rule, RuleSet};

use crate::{
    Error, RuleMatch, RuleScreen, RuleSetView, RuleTestReport,
    domain::kind_of,
    store::{RuleSetVersion, Store},
};

/// Use cases of the slice.
pub struct RuleService {
    pub store: Arc<dyn Store>,
    /// The screen of this node. A rule that is put here applies to it at once.
    pub screen: Arc<RuleScreen>,
    /// Source of recent content for rule tests.
    pub contents: Arc<dyn ContentModeration>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl RuleService {
    /// Number of recent items in a rule test without a limit.
    pub const DEFAULT_TESTED: usize = 100;
    /// Maximum number of recent items in a rule test.
    pub const MAX_TESTED: usize = 500;
    /// Maximum number of matches in the report of a rule test.
    pub const MAX_SHOWN: usize = 100;

    /// Returns a version of the rule set, or the newest.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`].
    pub async fn list(&self, _: &Moderator, version: Option<u32>) -> Result<RuleSetView, Error> {
        self.load(version).await
    }

    /// Adds a rule or replaces the one of the same name, as the next version of the rule set.
    ///
    /// # Errors
    /// [`Error::NotAdmin`], [`Error::EtagMismatch`] if the etag is not the one of the newest version, [`Error::Rule`].
    pub async fn put(&self, actor: &Actor, rule: Rule, etag: &str) -> Result<RuleSetView, Error> {
        let admin = actor.admin()?;
        let newest = self.load(None).await?;
        if newest.etag.as_deref() != Some(etag) {
            return Err(Error::EtagMismatch);
        }
        let changed_rule = rule.name.clone();
        let rules = newest.rules.with_rule(rule).map_err(Error::Rule)?;
        let engine = self.screen.current().with_rules(&rules).map_err(Error::Rule)?;
        let at = self.clock.now();
        let entry = self.audit_entry(&admin, at, &changed_rule, rules.version);
        let version = RuleSetVersion { rules, changed_rule, author: actor.user, at };
        if !self.store.insert(&version, &entry).await? {
            return Err(Error::EtagMismatch);
        }
        self.screen.install(Arc::new(engine));
        Ok(RuleSetView { etag: Some(version.rules.version.to_string()), rules: version.rules, at: Some(at) })
    }

    /// Evaluates a rule on the newest public content of the kinds that it applies to. Saves nothing.
    ///
    /// # Errors
    /// [`Error::Rule`].
    pub async fn test(&self, _: &Moderator, rule: Rule, limit: usize) -> Result<RuleTestReport, Error> {
        let is_hold = rule.action == Action::Hold;
        let kinds = rule.kinds.clone();
        let only_rule = RuleSet { version: 1, rules: vec![rule] };
        let engine = self.screen.current().with_rules(&only_rule).map_err(Error::Rule)?;
        let mut recent = self.contents.recent(limit.min(Self::MAX_TESTED)).await?;
        recent.retain(|it| kinds.contains(&kind_of(it.content)));
        let evaluated = recent.len();
        let matches: Vec<RuleMatch> = recent.into_iter().filter_map(|it| match_of(&engine, it)).collect();
        let (match_count, in_crisis) = (matches.len(), matches.iter().filter(|it| it.crisis).count());
        Ok(RuleTestReport {
            evaluated,
            matched: match_count,
            held: if is_hold { match_count.saturating_sub(in_crisis) } else { 0 },
            shown: matches.into_iter().take(Self::MAX_SHOWN).collect(),
        })
    }

    async fn load(&self, version: Option<u32>) -> Result<RuleSetView, Error> {
        let newest = self.store.newest_version().await?;
        let is_newest = version.is_none() || version == newest.or(Some(1));
        let (rules, at) = match version.or(newest) {
            None | Some(1) => (RuleSet::default_rules().map_err(Error::StoredRules)?, None),
            Some(version) => {
                let stored = self.store.find(version).await?.ok_or(Error::VersionNotFound)?;
                (stored.rules, Some(stored.at))
            }
        };
        let etag = is_newest.then(|| rules.version.to_string());
        Ok(RuleSetView { rules, etag, at })
    }

    fn audit_entry(&self, admin: &Admin, at: Timestamp, changed_rule: &str, version: u32) -> AuditEntry {
        AuditEntry {
            id: EventId::new(at, &*self.entropy),
            at,
            actor: admin.actor().user,
            session: Some(admin.actor().session),
            action: AuditAction::RuleChanged,
            subject: format!("rule:{changed_rule}"),
            detail: format!("version={version}"),
        }
    }
}

fn match_of(engine: &Engine, evidence: Evidence) -> Option<RuleMatch> {
    let verdict = engine.screen(kind_of(evidence.content), &evidence.text);
    let findings = verdict.matches.into_iter().next()?.findings;
    Some(RuleMatch { crisis: verdict.crisis.is_some(), findings, evidence })
}
