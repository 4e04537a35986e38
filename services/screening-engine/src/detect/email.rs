//! E-mail addresses.

use regex::Regex;

use super::{Find, Found, Views, any_of, expression, is_under};
use crate::{InvalidRules, Rule, View};

#[derive(Debug)]
pub(super) struct Email {
    signed: Regex,
    spoken: Regex,
    provider: Regex,
    allow: Vec<String>,
}

impl Email {
    pub(super) fn new(rule: &Rule) -> Result<Self, InvalidRules> {
        const LOCAL: &str = r"[a-z0-9][a-z0-9._%+*-]*";
        let providers = any_of(rule.words.iter().map(String::as_str));
        Ok(Self {
            signed: expression(&format!(
                r"{LOCAL}\s*@\s*([a-z0-9-]+(?:(?:\s+\.\s*|[.,])[a-z0-9-]+)*(?:\s+\.\s*|[.,])[a-z]{{2,}})\b"
            ))?,
            spoken: expression(&format!(
                r"\b{LOCAL}\s+at\s+((?:(?:{providers})(?:\s*\.\s*|\s+dot\s+)|[a-z0-9-]+\s+dot\s+)[a-z]{{2,}})\b"
            ))?,
            provider: expression(&format!(r"\b([a-z0-9._+-]+)\s*(?:@|\s+at)\s*(?:{providers})\b"))?,
            allow: rule.allow.clone(),
        })
    }

    fn find_in(&self, view: &View, found: &mut Found) {
        for (pattern, sure) in [(&self.signed, 95), (&self.spoken, 85)] {
            for place in pattern.captures_iter(view.text()) {
                let (Some(whole), Some(host)) = (place.get(0), place.get(1)) else { continue };
                let host: String = host.as_str().replace(" dot ", ".").replace(',', ".").split_whitespace().collect();
                if !is_under(&host, &self.allow) {
                    found.add(view, whole.range(), sure);
                }
            }
        }
        for place in self.provider.captures_iter(view.text()) {
            let (Some(whole), Some(local)) = (place.get(0), place.get(1)) else { continue };
            let sign = whole.as_str().contains('@');
            let name = local.as_str().contains(|it: char| it.is_ascii_digit() || matches!(it, '_' | '.' | '+'));
            if sign || name {
                found.add(view, whole.range(), 75);
            }
        }
    }
}

impl Find for Email {
    fn find(&self, views: &Views, found: &mut Found) {
        self.find_in(&views.plain, found);
        self.find_in(&views.joined, found);
        self.find_in(&views.unleet, found);
    }
}
