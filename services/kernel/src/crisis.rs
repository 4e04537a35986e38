//! Who helps at once, where somebody is. The lines are in `crisis.tsv`, each with the page where it says so of itself.

/// Somebody who helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    /// What they are called.
    pub name: &'static str,
    /// The number to call.
    pub phone: Option<&'static str>,
    /// What to send, and where to.
    pub text: Option<&'static str>,
    /// Their page.
    pub url: Option<&'static str>,
    /// What they do.
    pub what: &'static str,
}

const LINES: &str = include_str!("crisis.tsv");

/// Where everybody is helped.
const WORLD: &str = "001";
/// The European Union, whose members share a number.
const UNION: &str = "EU";
const MEMBERS: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Who helps where this locale is, as BCP 47 has it, the nearest first. Nothing is concluded from a language alone, and
/// whoever says nothing of where they are is told who helps anywhere: there is always somebody.
#[must_use]
pub fn resources(locale: Option<&str>) -> Vec<Resource> {
    let region = locale.and_then(region);
    let shared = region.as_deref().filter(|region| MEMBERS.contains(region)).map(|_| UNION);
    let nearest_first = [region.as_deref(), shared, Some(WORLD)];
    nearest_first.into_iter().flatten().flat_map(there).collect()
}

fn there(wanted: &str) -> Vec<Resource> {
    lines().filter(|(place, _)| *place == wanted).map(|(_, resource)| resource).collect()
}

/// The subtag of two letters behind the language: `en-US`, `zh-Hant-TW`.
fn region(locale: &str) -> Option<String> {
    let mut subtags = locale.split(['-', '_']).skip(1);
    // What follows a single letter is an extension, and no place.
    let behind = subtags.by_ref().take_while(|subtag| subtag.len() > 1);
    let mut regions = behind.filter(|subtag| subtag.len() == 2 && subtag.bytes().all(|b| b.is_ascii_alphabetic()));
    regions.next().map(str::to_ascii_uppercase)
}

fn lines() -> impl Iterator<Item = (&'static str, Resource)> {
    LINES.lines().filter(|line| !line.starts_with('#')).filter_map(resource)
}

fn resource(line: &'static str) -> Option<(&'static str, Resource)> {
    let mut fields = line.split('\t');
    let (place, name) = (fields.next()?, fields.next()?);
    let mut optional = || fields.next().map(|field| (!field.is_empty()).then_some(field));
    let (phone, text, url) = (optional()?, optional()?, optional()?);
    let what = fields.next()?;
    Some((place, Resource { name, phone, text, url, what }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(locale: Option<&str>) -> Vec<&'static str> {
        resources(locale).into_iter().map(|resource| resource.name).collect()
    }

    #[test]
    fn every_line_is_read_and_says_how_to_reach_them_and_where_it_is_from() {
        let lines: Vec<&str> = LINES.lines().filter(|line| !line.starts_with('#')).collect();
        for line in &lines {
            let (place, resource) = resource(line).unwrap();
            assert!(place == WORLD || (place.len() == 2 && place.bytes().all(|b| b.is_ascii_uppercase())), "{line}");
            assert!(resource.phone.or(resource.text).or(resource.url).is_some(), "{line}");
            assert!(resource.url.is_none_or(|url| url.starts_with("https://")), "{line}");
            assert!(line.split('\t').nth(6).is_some_and(|source| source.starts_with("https://")), "{line}");
            assert_eq!(line.split('\t').count(), 7, "{line}");
        }
        assert!(!lines.is_empty());
    }

    #[test]
    fn the_nearest_come_first_and_there_is_always_somebody() {
        let anywhere = ["Find A Helpline"];
        assert_eq!(names(Some("en-US")), ["988 Suicide & Crisis Lifeline", "Crisis Text Line", "Find A Helpline"]);
        assert_eq!(names(Some("de-Latn-DE")), ["TelefonSeelsorge", "Emergency number", "Find A Helpline"]);
        assert_eq!(names(Some("lt-LT")), ["Emergency number", "Find A Helpline"]);
        let own = "Linha Nacional de Prevenção do Suicídio";
        assert_eq!(names(Some("pt-PT")), [own, "Emergency number", "Find A Helpline"]);
        assert_eq!(names(Some("en_gb")), ["Samaritans", "Shout", "Find A Helpline"]);
        for locale in
            [None, Some(""), Some("en"), Some("us"), Some("en-001"), Some("en-u-us"), Some("\u{130}-\u{130}\u{130}")]
        {
            assert_eq!(names(locale), anywhere, "{locale:?}");
        }
    }
}
