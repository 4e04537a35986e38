//! Fraud: links, phrases, and addresses for payments.

use regex::Regex;

use super::{Detect, FindingCollector, NormalizedTexts, alternation, compile, is_under_any};
use crate::{InvalidRuleSet, MappedText, Rule};

#[derive(Debug)]
pub(super) struct ScamDetector {
    phrases: Regex,
    host: Regex,
    crypto_wallet: Regex,
    payment_handle: Regex,
    domains: Vec<String>,
    allow: Vec<String>,
}

impl ScamDetector {
    pub(super) fn new(rule: &Rule) -> Result<Self, InvalidRuleSet> {
        let phrases = alternation(rule.words.iter().map(|it| it.trim_start_matches('~')))
            .replace(r"\*", r"(?:[^\s]+\s+){0,2}[^\s]+")
            .replace(r"\s*", r"\s+");
        Ok(Self {
            phrases: compile(&format!(r"\b(?:{phrases})\b"))?,
            host: compile(r"\b([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:/[^\s]*)?")?,
            crypto_wallet: compile(r"\b(?:bc1[a-z0-9]{25,60}|0x[0-9a-f]{40})\b")?,
            payment_handle: compile(
                r"\b(?:cash ?app|venmo|zelle|paypal)(?:\s+me)?(?:\s+is)?\s*[:=-]?\s*(?:at\s+)?[$@][a-z][a-z0-9_-]{2,}",
            )?,
            domains: rule.domains.clone(),
            allow: rule.allow.clone(),
        })
    }

    fn detect_in(&self, text: &MappedText, collector: &mut FindingCollector) {
        for (pattern, confidence) in [(&self.phrases, 80), (&self.crypto_wallet, 95), (&self.payment_handle, 90)] {
            for matched in pattern.find_iter(text.text()) {
                collector.add(text, matched.range(), confidence);
            }
        }
        for matched in self.host.captures_iter(text.text()) {
            let (Some(whole), Some(host)) = (matched.get(0), matched.get(1)) else { continue };
            let is_punycode = host.as_str().split('.').any(|it| it.starts_with("xn--"));
            let is_suspicious = is_punycode || is_under_any(host.as_str(), &self.domains);
            let is_link = whole.as_str().contains('/') || is_punycode || host.as_str().contains('-');
            if is_suspicious && !is_under_any(host.as_str(), &self.allow) {
                collector.add(text, whole.range(), if is_link { 85 } else { 60 });
            }
        }
    }
}

impl Detect for ScamDetector {
    fn detect(&self, texts: &NormalizedTexts, collector: &mut FindingCollector) {
        self.detect_in(&texts.folded, collector);
        self.detect_in(&texts.joined, collector);
        self.detect_in(&texts.unleeted, collector);
    }
}
