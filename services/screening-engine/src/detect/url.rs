//! Addresses of pages.

use regex::Regex;

use super::{Find, Found, Views, any_of, expression, is_under};
use crate::{InvalidRules, Rule, View};

#[derive(Debug)]
pub(super) struct Url {
    full: Regex,
    bare: Regex,
    path: Regex,
    loose: Regex,
    allow: Vec<String>,
}

impl Url {
    pub(super) fn new(rule: &Rule) -> Result<Self, InvalidRules> {
        const NAME: &str = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
        let endings = any_of(rule.domains.iter().map(String::as_str));
        Ok(Self {
            full: expression(
                r"\b(?:h[tx]{2}ps?\s?:\s?/\s?/\s?([^\s/?#]+)|www\s*\.\s*([a-z0-9-]+(?:\s*[.,]\s*[a-z0-9-]+)+))[^\s]*",
            )?,
            bare: expression(&format!(r"\b({NAME}(?:\.{NAME})*\.(?:{endings}))\b(?:/[^\s]*)?"))?,
            path: expression(&format!(r"\b({NAME}(?:\.{NAME})*[.,][a-z]{{2,12}})/[^\s/]+"))?,
            loose: expression(r"\b([a-z0-9-]{3,}(?:\s+\.\s*|,)(?:com|net|org|io|gg|ly))\b")?,
            allow: rule.allow.clone(),
        })
    }

    fn find_in(&self, view: &View, found: &mut Found) {
        for (pattern, sure) in [(&self.full, 95), (&self.bare, 85), (&self.path, 85), (&self.loose, 75)] {
            for place in pattern.captures_iter(view.text()) {
                let (Some(whole), Some(host)) = (place.get(0), place.get(1).or_else(|| place.get(2))) else { continue };
                let host: String = host.as_str().replace(',', ".").split_whitespace().collect();
                // What stands behind an `@` is for who looks for mail.
                let mail = view.text().get(..whole.start()).is_some_and(|it| it.ends_with('@'));
                if !mail && host.bytes().any(|it| it.is_ascii_alphabetic()) && !is_under(&host, &self.allow) {
                    found.add(view, whole.range(), sure);
                }
            }
        }
    }
}

impl Find for Url {
    fn find(&self, views: &Views, found: &mut Found) {
        self.find_in(&views.plain, found);
        self.find_in(&views.joined, found);
        self.find_in(&views.unleet, found);
    }
}
