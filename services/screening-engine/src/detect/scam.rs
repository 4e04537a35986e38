//! Fraud: links that lead to it, phrases that it uses, and where the money is to go.

use regex::Regex;

use super::{Find, Found, Views, any_of, expression, is_under};
use crate::{InvalidRules, Rule, View};

#[derive(Debug)]
pub(super) struct Scam {
    phrases: Regex,
    host: Regex,
    wallet: Regex,
    purse: Regex,
    domains: Vec<String>,
    allow: Vec<String>,
}

impl Scam {
    pub(super) fn new(rule: &Rule) -> Result<Self, InvalidRules> {
        let phrases = any_of(rule.words.iter().map(|it| it.trim_start_matches('~')))
            .replace(r"\*", r"(?:[^\s]+\s+){0,2}[^\s]+")
            .replace(r"\s*", r"\s+");
        Ok(Self {
            phrases: expression(&format!(r"\b(?:{phrases})\b"))?,
            host: expression(r"\b([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:/[^\s]*)?")?,
            wallet: expression(r"\b(?:bc1[a-z0-9]{25,60}|0x[0-9a-f]{40})\b")?,
            purse: expression(
                r"\b(?:cash ?app|venmo|zelle|paypal)(?:\s+me)?(?:\s+is)?\s*[:=-]?\s*(?:at\s+)?[$@][a-z][a-z0-9_-]{2,}",
            )?,
            domains: rule.domains.clone(),
            allow: rule.allow.clone(),
        })
    }

    fn find_in(&self, view: &View, found: &mut Found) {
        for (pattern, sure) in [(&self.phrases, 80), (&self.wallet, 95), (&self.purse, 90)] {
            for place in pattern.find_iter(view.text()) {
                found.add(view, place.range(), sure);
            }
        }
        for place in self.host.captures_iter(view.text()) {
            let (Some(whole), Some(host)) = (place.get(0), place.get(1)) else { continue };
            let disguised = host.as_str().split('.').any(|it| it.starts_with("xn--"));
            let bad = disguised || is_under(host.as_str(), &self.domains);
            let link = whole.as_str().contains('/') || disguised || host.as_str().contains('-');
            if bad && !is_under(host.as_str(), &self.allow) {
                found.add(view, whole.range(), if link { 85 } else { 60 });
            }
        }
    }
}

impl Find for Scam {
    fn find(&self, views: &Views, found: &mut Found) {
        self.find_in(&views.plain, found);
        self.find_in(&views.joined, found);
        self.find_in(&views.unleet, found);
    }
}
