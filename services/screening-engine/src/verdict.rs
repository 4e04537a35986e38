//! All rules over one text.

use std::{ops::Range, sync::Arc};

use crate::{
    Action, Finding, InvalidRules, Kind, Rule, Rules,
    crisis::Crisis,
    detect::{Find, Found, Views, detector},
    spelling::Signs,
};

/// A set of rules, ready to look.
#[derive(Debug)]
pub struct Screen {
    version: u32,
    lexicon: Arc<Lexicon>,
    rules: Vec<(Rule, Box<dyn Find>)>,
}

/// What no rule changes.
#[derive(Debug)]
struct Lexicon {
    signs: Signs,
    crisis: Crisis,
}

/// What there is to say of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Which version of the rules said so.
    pub version: u32,
    /// Where somebody speaks of not living on: of themselves, and now.
    pub crisis: Option<Range<usize>>,
    /// The rules that match, in their order.
    pub matches: Vec<Match>,
}

/// A rule that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Its name.
    pub rule: String,
    /// What follows.
    pub action: Action,
    /// What it found, of what reaches its threshold. There is at least one.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// The rule for which somebody has to look first. Nothing holds up somebody in a crisis.
    #[must_use]
    pub fn hold(&self) -> Option<&Match> {
        if self.crisis.is_some() {
            return None;
        }
        self.matches.iter().find(|it| it.action == Action::Hold)
    }
}

impl Screen {
    /// A screen by these rules.
    ///
    /// # Errors
    /// [`InvalidRules`] says what is wrong with which.
    pub fn new(rules: &Rules) -> Result<Self, InvalidRules> {
        Self::build(rules, Arc::new(Lexicon { signs: Signs::new()?, crisis: Crisis::new()? }))
    }

    /// A screen by other rules, which is made faster than a new one.
    ///
    /// # Errors
    /// [`InvalidRules`] says what is wrong with which.
    pub fn by(&self, rules: &Rules) -> Result<Self, InvalidRules> {
        Self::build(rules, Arc::clone(&self.lexicon))
    }

    fn build(rules: &Rules, lexicon: Arc<Lexicon>) -> Result<Self, InvalidRules> {
        rules.check()?;
        let compiled = rules.rules.iter().map(|it| Ok((it.clone(), detector(it)?)));
        Ok(Self { version: rules.version, lexicon, rules: compiled.collect::<Result<_, InvalidRules>>()? })
    }

    /// Which version of the rules it goes by.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// What there is to say of a text. No text is too strange.
    #[must_use]
    pub fn look(&self, kind: Kind, text: &str) -> Verdict {
        let views = Views::of(text, &self.lexicon.signs);
        let crisis = self.lexicon.crisis.find(&views.unleet);
        let applying = self.rules.iter().filter(|(rule, _)| rule.on.contains(&kind));
        let matches = applying.filter_map(|(rule, find)| matching(rule, find.as_ref(), &views)).collect();
        Verdict { version: self.version, crisis, matches }
    }
}

fn matching(rule: &Rule, find: &dyn Find, views: &Views) -> Option<Match> {
    let mut found = Found::new(rule.detector);
    find.find(views, &mut found);
    let mut findings = found.into_findings();
    findings.retain(|it| it.confidence >= rule.threshold);
    findings.sort_by_key(|it| it.span.start);
    (!findings.is_empty()).then(|| Match { rule: rule.name.clone(), action: rule.action, findings })
}
