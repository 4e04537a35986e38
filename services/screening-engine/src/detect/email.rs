//! E-mail addresses.

use regex::Regex;

use super::{Detect, FindingCollector, NormalizedTexts, alternation, compile, is_under_any};
use crate::{InvalidRuleSet, MappedText, Rule};

#[derive(Debug)]
pub(super) struct EmailDetector {
    with_sign: Regex,
    in_words: Regex,
    known_provider: Regex,
    allow: Vec<String>,
}

impl EmailDetector {
    pub(super) fn new(rule: &Rule) -> Result<Self, InvalidRuleSet> {
        const LOCAL: &str = r"[a-z0-9][a-z0-9._%+*-]*";
        let providers = alternation(rule.words.iter().map(String::as_str));
        Ok(Self {
            with_sign: compile(&format!(
                r"{LOCAL}\s*@\s*([a-z0-9-]+(?:(?:\s+\.\s*|[.,])[a-z0-9-]+)*(?:\s+\.\s*|[.,])[a-z]{{2,}})\b"
            ))?,
            in_words: compile(&format!(
                r"\b{LOCAL}\s+at\s+((?:(?:{providers})(?:\s*\.\s*|\s+dot\s+)|[a-z0-9-]+\s+dot\s+)[a-z]{{2,}})\b"
            ))?,
            known_provider: compile(&format!(r"\b([a-z0-9._+-]+)\s*(?:@|\s+at)\s*(?:{providers})\b"))?,
            allow: rule.allow.clone(),
        })
    }

    fn detect_in(&self, text: &MappedText, collector: &mut FindingCollector) {
        for (pattern, confidence) in [(&self.with_sign, 95), (&self.in_words, 85)] {
            for matched in pattern.captures_iter(text.text()) {
                let (Some(whole), Some(host)) = (matched.get(0), matched.get(1)) else { continue };
                let host: String = host.as_str().replace(" dot ", ".").replace(',', ".").split_whitespace().collect();
                if !is_under_any(&host, &self.allow) {
                    collector.add(text, whole.range(), confidence);
                }
            }
        }
        for matched in self.known_provider.captures_iter(text.text()) {
            let (Some(whole), Some(local)) = (matched.get(0), matched.get(1)) else { continue };
            let has_sign = whole.as_str().contains('@');
            let is_user_name = local.as_str().contains(|it: char| it.is_ascii_digit() || matches!(it, '_' | '.' | '+'));
            if has_sign || is_user_name {
                collector.add(text, whole.range(), 75);
            }
        }
    }
}

impl Detect for EmailDetector {
    fn detect(&self, texts: &NormalizedTexts, collector: &mut FindingCollector) {
        self.detect_in(&texts.folded, collector);
        self.detect_in(&texts.joined, collector);
        self.detect_in(&texts.unleeted, collector);
    }
}
