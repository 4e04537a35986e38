//! Applies all rules to a text.

use std::{ops::Range, sync::Arc};

use crate::{
    Action, Finding, InvalidRuleSet, Kind, Rule, RuleSet,
    crisis::CrisisDetector,
    detect::{Detect, FindingCollector, build_detector},
    normalized_texts::NormalizedTexts,
    spelling::SpelledSigns,
};

/// A compiled rule set.
#[derive(Debug)]
pub struct Engine {
    version: u32,
    lexicon: Arc<Lexicon>,
    rules: Vec<(Rule, Box<dyn Detect>)>,
}

/// Compiled data that does not depend on the rules. It is shared between engines because compiling it is slow.
#[derive(Debug)]
struct Lexicon {
    signs: SpelledSigns,
    crisis: CrisisDetector,
}

/// Result of screening a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Version of the rule set.
    pub version: u32,
    /// Bytes of the text with crisis language: the author speaks of suicide or self-harm, of themselves and in the
    /// present.
    pub crisis: Option<Range<usize>>,
    /// Rules that match, in the order of the rule set.
    pub matches: Vec<Match>,
}

/// A rule that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Name of the rule.
    pub rule: String,
    pub action: Action,
    /// Findings that reach the threshold of the rule, in the order of the text. Not empty.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Returns the rule that requires a review before publication. `None` for a text with crisis language.
    #[must_use]
    pub fn hold(&self) -> Option<&Match> {
        if self.crisis.is_some() {
            return None;
        }
        self.matches.iter().find(|it| it.action == Action::Hold)
    }
}

impl Engine {
    /// Compiles a rule set.
    ///
    /// # Errors
    /// [`InvalidRuleSet`].
    pub fn new(rules: &RuleSet) -> Result<Self, InvalidRuleSet> {
        Self::compile(rules, Arc::new(Lexicon { signs: SpelledSigns::new()?, crisis: CrisisDetector::new()? }))
    }

    /// Compiles another rule set. Faster than [`new`](Self::new).
    ///
    /// # Errors
    /// [`InvalidRuleSet`].
    pub fn with_rules(&self, rules: &RuleSet) -> Result<Self, InvalidRuleSet> {
        Self::compile(rules, Arc::clone(&self.lexicon))
    }

    fn compile(rules: &RuleSet, lexicon: Arc<Lexicon>) -> Result<Self, InvalidRuleSet> {
        rules.validate()?;
        let compiled = rules.rules.iter().map(|it| Ok((it.clone(), build_detector(it)?)));
        Ok(Self { version: rules.version, lexicon, rules: compiled.collect::<Result<_, InvalidRuleSet>>()? })
    }

    /// Version of the rule set.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Screens a text. Every text is valid.
    #[must_use]
    pub fn screen(&self, kind: Kind, text: &str) -> Verdict {
        let texts = NormalizedTexts::new(text, &self.lexicon.signs);
        let crisis = self.lexicon.crisis.find(&texts.unleeted);
        let applicable = self.rules.iter().filter(|(rule, _)| rule.kinds.contains(&kind));
        let matches = applicable.filter_map(|(rule, detector)| apply_rule(rule, detector.as_ref(), &texts)).collect();
        Verdict { version: self.version, crisis, matches }
    }
}

fn apply_rule(rule: &Rule, detector: &dyn Detect, texts: &NormalizedTexts) -> Option<Match> {
    let mut collector = FindingCollector::new(rule.detector);
    detector.detect(texts, &mut collector);
    let mut findings = collector.into_findings();
    findings.retain(|it| it.confidence >= rule.threshold);
    findings.sort_by_key(|it| it.span.start);
    (!findings.is_empty()).then(|| Match { rule: rule.name.clone(), action: rule.action, findings })
}
