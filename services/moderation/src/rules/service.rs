//! What staff can do with the rules of the screen.

use std::sync::Arc;

use kith_kernel::{
    Actor, Clock, Entropy, EventId, Moderator, Timestamp, actor,
    audit::{Act, Entry},
    ports::{Contents, Evidence},
};
use kith_screening_engine::{Action, Finding, Rule, Rules, Screen};

use super::{
    Error, Guard,
    live::kind,
    store::{Kept, Store},
};

/// Lists, puts and tries rules.
pub struct Rulebook {
    /// Where rules are kept.
    pub store: Arc<dyn Store>,
    /// The screen of this node, which goes by a rule as soon as it is put here.
    pub guard: Arc<Guard>,
    /// What rules are tried on.
    pub contents: Arc<dyn Contents>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What ids are made with.
    pub entropy: Arc<dyn Entropy>,
}

/// A version of all rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rules.
    pub rules: Rules,
    /// For a change of it; `None` if there is a newer one.
    pub etag: Option<String>,
    /// When it was put; `None` for the first.
    pub at: Option<Timestamp>,
}

/// What a rule would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trials {
    /// What it matches, newest first; at most [`Rulebook::MOST_SHOWN`].
    pub shown: Vec<Trial>,
    /// On how many it was tried.
    pub tried: usize,
    /// How many it matches.
    pub matched: usize,
    /// How many of those would be held for it.
    pub held: usize,
}

/// Something that a rule matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// What somebody wrote.
    pub evidence: Evidence,
    /// What the rule found in it.
    pub findings: Vec<Finding>,
    /// Whether somebody speaks of not living on: it would not be held.
    pub crisis: bool,
}

impl Rulebook {
    /// On how many of the newest a rule is tried if nobody says.
    pub const USUAL: usize = 100;
    /// On how many it can be tried.
    pub const MOST: usize = 500;
    /// How many are shown.
    pub const MOST_SHOWN: usize = 100;

    /// The rules of a version, or of the newest.
    ///
    /// # Errors
    /// [`Error::NoSuchVersion`] if there is none.
    pub async fn list(&self, _: &Moderator, version: Option<u32>) -> Result<Page, Error> {
        let newest = self.store.newest().await?;
        let (number, current) = (version.or(newest), version.is_none() || version == newest.or(Some(1)));
        let (rules, at) = match number {
            None | Some(1) => (Rules::standard().map_err(Error::Kept)?, None),
            Some(number) => {
                let kept = self.store.version(number).await?.ok_or(Error::NoSuchVersion)?;
                (kept.rules, Some(kept.at))
            }
        };
        let etag = current.then(|| rules.version.to_string());
        Ok(Page { rules, etag, at })
    }

    /// Puts a rule in the place of that with its name, or beside the others, as the next version.
    ///
    /// # Errors
    /// [`Error::NotAdmin`], [`Error::EtagMismatch`] if the etag is not of the newest version, [`Error::Rule`].
    pub async fn put(&self, actor: &Actor, rule: Rule, etag: &str) -> Result<Page, Error> {
        let staff = actor.moderator()?;
        match actor.role {
            actor::Role::Admin => {}
            actor::Role::Moderator | actor::Role::Member => return Err(Error::NotAdmin),
        }
        let page = self.list(&staff, None).await?;
        if page.etag.as_deref() != Some(etag) {
            return Err(Error::EtagMismatch);
        }
        let name = rule.name.clone();
        let rules = page.rules.with(rule).map_err(Error::Rule)?;
        let ready = self.guard.current().by(&rules).map_err(Error::Rule)?;
        let at = self.clock.now();
        let entry = self.entry(actor, at, &name, rules.version);
        let new = Kept { rules, name, by: actor.user, at };
        if !self.store.put(&new, &entry).await? {
            return Err(Error::EtagMismatch);
        }
        self.guard.take(Arc::new(ready));
        Ok(Page { etag: Some(new.rules.version.to_string()), rules: new.rules, at: Some(at) })
    }

    /// What a rule would match of the newest that everybody can see, of the kinds that it looks at. Nothing is kept.
    ///
    /// # Errors
    /// [`Error::Rule`].
    pub async fn try_rule(&self, _: &Moderator, rule: Rule, newest: usize) -> Result<Trials, Error> {
        let held = rule.action == Action::Hold;
        let kinds = rule.on.clone();
        let alone = Rules { version: 1, rules: vec![rule] };
        let screen = self.guard.current().by(&alone).map_err(Error::Rule)?;
        let mut recent = self.contents.recent(newest.min(Self::MOST)).await?;
        recent.retain(|it| kinds.contains(&kind(it.content)));
        let tried = recent.len();
        let trials: Vec<Trial> = recent.into_iter().filter_map(|it| trial(&screen, it)).collect();
        let (matched, spared) = (trials.len(), trials.iter().filter(|it| it.crisis).count());
        Ok(Trials {
            tried,
            matched,
            held: if held { matched.saturating_sub(spared) } else { 0 },
            shown: trials.into_iter().take(Self::MOST_SHOWN).collect(),
        })
    }

    fn entry(&self, actor: &Actor, at: Timestamp, name: &str, version: u32) -> Entry {
        Entry {
            id: EventId::new(at, &*self.entropy),
            at,
            actor: actor.user,
            session: Some(actor.session),
            act: Act::RulePut,
            subject: format!("rule:{name}"),
            detail: format!("version={version}"),
        }
    }
}

fn trial(screen: &Screen, evidence: Evidence) -> Option<Trial> {
    let verdict = screen.look(kind(evidence.content), &evidence.text);
    let findings = verdict.matches.into_iter().next()?.findings;
    Some(Trial { crisis: verdict.crisis.is_some(), findings, evidence })
}
