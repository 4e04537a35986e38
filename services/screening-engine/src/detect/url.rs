//! URLs and host names.

use regex::Regex;

use super::{Detect, FindingCollector, NormalizedTexts, alternation, compile, is_under_any};
use crate::{InvalidRuleSet, MappedText, Rule};

#[derive(Debug)]
pub(super) struct UrlDetector {
    full: Regex,
    bare_host: Regex,
    host_with_path: Regex,
    spaced_host: Regex,
    allow: Vec<String>,
}

impl UrlDetector {
    pub(super) fn new(rule: &Rule) -> Result<Self, InvalidRuleSet> {
        const NAME: &str = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
        let endings = alternation(rule.domains.iter().map(String::as_str));
        Ok(Self {
            full: compile(
                r"\b(?:h[tx]{2}ps?\s?:\s?/\s?/\s?([^\s/?#]+)|www\s*\.\s*([a-z0-9-]+(?:\s*[.,]\s*[a-z0-9-]+)+))[^\s]*",
            )?,
            bare_host: compile(&format!(r"\b({NAME}(?:\.{NAME})*\.(?:{endings}))\b(?:/[^\s]*)?"))?,
            host_with_path: compile(&format!(r"\b({NAME}(?:\.{NAME})*[.,][a-z]{{2,12}})/[^\s/]+"))?,
            spaced_host: compile(r"\b([a-z0-9-]{3,}(?:\s+\.\s*|,)(?:com|net|org|io|gg|ly))\b")?,
            allow: rule.allow.clone(),
        })
    }

    fn detect_in(&self, text: &MappedText, collector: &mut FindingCollector) {
        for (pattern, confidence) in
            [(&self.full, 95), (&self.bare_host, 85), (&self.host_with_path, 85), (&self.spaced_host, 75)]
        {
            for matched in pattern.captures_iter(text.text()) {
                let (Some(whole), Some(host)) = (matched.get(0), matched.get(1).or_else(|| matched.get(2))) else {
                    continue;
                };
                let host: String = host.as_str().replace(',', ".").split_whitespace().collect();
                // The host of an e-mail address is left to the e-mail detector.
                let is_email = text.text().get(..whole.start()).is_some_and(|it| it.ends_with('@'));
                if !is_email && host.bytes().any(|it| it.is_ascii_alphabetic()) && !is_under_any(&host, &self.allow) {
                    collector.add(text, whole.range(), confidence);
                }
            }
        }
    }
}

impl Detect for UrlDetector {
    fn detect(&self, texts: &NormalizedTexts, collector: &mut FindingCollector) {
        self.detect_in(&texts.folded, collector);
        self.detect_in(&texts.joined, collector);
        self.detect_in(&texts.unleeted, collector);
    }
}
