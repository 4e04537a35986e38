//! Crisis resources by locale. The data is in `crisis_resources.tsv`, with a source for each line.

use kith_kernel::ports::{CrisisResource, CrisisResourceLookup};

const DATA: &str = include_str!("crisis_resources.tsv");

/// Region code of resources that help anywhere.
const WORLD: &str = "001";
/// Region code of the European Union, whose members share a number.
const EUROPEAN_UNION: &str = "EU";
const EU_MEMBERS: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Implements [`CrisisResourceLookup`] on data that is part of the build.
#[derive(Debug, Clone, Copy, Default)]
pub struct StaticCrisisResources;

impl CrisisResourceLookup for StaticCrisisResources {
    fn find(&self, locale: Option<&str>) -> Vec<CrisisResource> {
        let region = locale.and_then(region_of);
        let union = region.as_deref().filter(|region| EU_MEMBERS.contains(region)).map(|_| EUROPEAN_UNION);
        let nearest_first = [region.as_deref(), union, Some(WORLD)];
        nearest_first.into_iter().flatten().flat_map(resources_in).collect()
    }
}

fn resources_in(region: &str) -> Vec<CrisisResource> {
    lines().filter_map(parse).filter(|(code, _)| *code == region).map(|(_, resource)| resource).collect()
}

/// Region subtag of a BCP 47 tag: `US` of `en-US`, `TW` of `zh-Hant-TW`. A region is not derived from the language.
fn region_of(locale: &str) -> Option<String> {
    let mut subtags = locale.split(['-', '_']).skip(1);
    // A subtag of one letter starts an extension; regions come before it.
    let before_extensions = subtags.by_ref().take_while(|subtag| subtag.len() > 1);
    let is_region = |subtag: &&str| subtag.len() == 2 && subtag.bytes().all(|byte| byte.is_ascii_alphabetic());
    before_extensions.filter(is_region).map(str::to_ascii_uppercase).next()
}

fn lines() -> impl Iterator<Item = &'static str> {
    DATA.lines().filter(|line| !line.starts_with('#'))
}

fn parse(line: &'static str) -> Option<(&'static str, CrisisResource)> {
    let mut fields = line.split('\t');
    let (region, name) = (fields.next()?, fields.next()?);
    let mut optional = || fields.next().map(|field| (!field.is_empty()).then_some(field));
    let (phone, text, url) = (optional()?, optional()?, optional()?);
    let description = fields.next()?;
    Some((region, CrisisResource { name, phone, text, url, description }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(locale: Option<&str>) -> Vec<&'static str> {
        StaticCrisisResources.find(locale).into_iter().map(|resource| resource.name).collect()
    }

    #[test]
    fn every_line_has_a_region_a_contact_and_a_source() {
        for line in lines() {
            let (region, resource) = parse(line).unwrap();
            assert!(region == WORLD || (region.len() == 2 && region.bytes().all(|b| b.is_ascii_uppercase())), "{line}");
            assert!(resource.phone.or(resource.text).or(resource.url).is_some(), "{line}");
            assert!(resource.url.is_none_or(|url| url.starts_with("https://")), "{line}");
            assert!(line.split('\t').nth(6).is_some_and(|source| source.starts_with("https://")), "{line}");
            assert_eq!(line.split('\t').count(), 7, "{line}");
        }
        assert!(lines().count() > 0);
    }

    #[test]
    fn the_nearest_resources_come_first_and_the_list_is_never_empty() {
        let anywhere = ["Find A Helpline"];
        assert_eq!(names(Some("en-US")), ["988 Suicide & Crisis Lifeline", "Crisis Text Line", "Find A Helpline"]);
        assert_eq!(names(Some("de-Latn-DE")), ["TelefonSeelsorge", "Emergency number", "Find A Helpline"]);
        assert_eq!(names(Some("lt-LT")), ["Emergency number", "Find A Helpline"]);
        let portugal = "Linha Nacional de Prevenção do Suicídio";
        assert_eq!(names(Some("pt-PT")), [portugal, "Emergency number", "Find A Helpline"]);
        assert_eq!(names(Some("en_gb")), ["Samaritans", "Shout", "Find A Helpline"]);
        for locale in
            [None, Some(""), Some("en"), Some("us"), Some("en-001"), Some("en-u-us"), Some("\u{130}-\u{130}\u{130}")]
        {
            assert_eq!(names(locale), anywhere, "{locale:?}");
        }
    }
}
