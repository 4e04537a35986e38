//! What a post says, and the changes of it.

use std::{ops::Deref, time::Duration};

use kith_kernel::Timestamp;

use super::{Body, Categories, Days, Invalid, Kind, Tag, Tags, Urgency, Warning};

/// What somebody wants to post: its parts are valid, and fit each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft(Content);

/// The parts of a [`Draft`], each valid by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// What sort of post.
    pub kind: Kind,
    /// How soon somebody should answer.
    pub urgency: Urgency,
    /// The text.
    pub body: Body,
    /// What it is about.
    pub categories: Categories,
    /// The author's own words for it.
    pub tags: Tags,
    /// What a reader may want to know before reading.
    pub warning: Option<Warning>,
    /// How long ago the author last relapsed.
    pub days_since_relapse: Option<Days>,
    /// When it disappears for everybody but its author.
    pub expires_at: Option<Timestamp>,
}

impl Content {
    /// The least that a post says.
    #[must_use]
    pub fn new(kind: Kind, urgency: Urgency, body: Body) -> Self {
        let (categories, tags) = (Categories::default(), Tags::default());
        Self { kind, urgency, body, categories, tags, warning: None, days_since_relapse: None, expires_at: None }
    }
}

impl Draft {
    /// The shortest that a post can last.
    pub const SHORTEST: Duration = Duration::from_mins(1);
    /// The longest that a post can last, if it is to end at all.
    pub const LONGEST: Duration = Duration::from_hours(365 * 24);

    /// A draft of these parts.
    ///
    /// # Errors
    /// [`Invalid::CalmSos`] for an SOS below [`Urgency::SOS`], [`Invalid::SosExpires`] for one with an end of its own.
    pub fn new(content: Content) -> Result<Self, Invalid> {
        if content.kind == Kind::Sos && content.urgency < Urgency::SOS {
            return Err(Invalid::CalmSos);
        }
        if content.kind == Kind::Sos && content.expires_at.is_some() {
            return Err(Invalid::SosExpires);
        }
        Ok(Self(content))
    }

    /// Whether its end, if it has one, is as far ahead as it must be and no farther than it may.
    ///
    /// # Errors
    /// [`Invalid::Expiry`] if it is not.
    pub fn ends_ahead_of(&self, now: Timestamp) -> Result<(), Invalid> {
        let range = now.after(Self::SHORTEST)..=now.after(Self::LONGEST);
        if self.expires_at.is_none_or(|end| range.contains(&end)) { Ok(()) } else { Err(Invalid::Expiry) }
    }

    /// All that it says in words: the text, the warning and the tags, each on a line of its own.
    #[must_use]
    pub fn says(&self) -> String {
        let warning = self.warning.as_ref().map(Warning::reveal);
        let tags = self.tags.all().iter().map(Tag::reveal);
        let lines: Vec<&str> = [self.body.reveal()].into_iter().chain(warning).chain(tags).collect();
        lines.join("\n")
    }

    pub(super) fn at_once(&self) -> Self {
        Self(Content { urgency: Urgency::MOST, ..self.0.clone() })
    }

    pub(super) fn edited(&self, edits: &[Edit]) -> Result<Self, Invalid> {
        let mut content = self.0.clone();
        for edit in edits.iter().cloned() {
            match edit {
                Edit::Body(body) => content.body = body,
                Edit::Categories(categories) => content.categories = categories,
                Edit::Tags(tags) => content.tags = tags,
                Edit::Warn(warning) => content.warning = Some(warning),
                Edit::Unwarn => content.warning = None,
                Edit::Urgency(urgency) => content.urgency = urgency,
            }
        }
        Self::new(content)
    }
}

impl Deref for Draft {
    type Target = Content;

    fn deref(&self) -> &Content {
        &self.0
    }
}

/// One change of what a post says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Another text.
    Body(Body),
    /// In place of all categories.
    Categories(Categories),
    /// In place of all tags.
    Tags(Tags),
    /// A warning, in place of any other.
    Warn(Warning),
    /// No warning.
    Unwarn,
    /// Another urgency.
    Urgency(Urgency),
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn content(kind: Kind, level: i64) -> Content {
        Content::new(kind, Urgency::new(level).unwrap(), Body::new("help").unwrap())
    }

    #[test]
    fn an_sos_is_urgent_and_stays_so() {
        assert_eq!(Draft::new(content(Kind::Sos, 3)), Err(Invalid::CalmSos));
        assert!(Draft::new(content(Kind::Question, 1)).is_ok());
        let sos = Draft::new(content(Kind::Sos, 4)).unwrap();
        assert_eq!(sos.edited(&[Edit::Urgency(Urgency::new(3).unwrap())]), Err(Invalid::CalmSos));
    }

    #[test]
    fn an_sos_has_no_end_of_its_own() {
        let ending = Content { expires_at: Some(NOW), ..content(Kind::Sos, 5) };
        assert_eq!(Draft::new(ending), Err(Invalid::SosExpires));
    }

    #[test]
    fn an_end_is_a_minute_to_a_year_ahead() {
        let ends = |at| Draft::new(Content { expires_at: Some(at), ..content(Kind::Question, 1) }).unwrap();
        let (soonest, latest) = (NOW.after(Draft::SHORTEST), NOW.after(Draft::LONGEST));
        for end in [soonest, latest] {
            assert_eq!(ends(end).ends_ahead_of(NOW), Ok(()));
        }
        let instant = Duration::from_millis(1);
        for end in [soonest.before(instant), latest.after(instant), Timestamp::from_millis(i64::MIN)] {
            assert_eq!(ends(end).ends_ahead_of(NOW), Err(Invalid::Expiry));
        }
    }

    #[test]
    fn nothing_that_is_written_is_kept_from_who_looks() {
        let (tags, warning) = (Tags::new(["one", "two"]).unwrap(), Some(Warning::new("food").unwrap()));
        let draft = Draft::new(Content { tags, warning, ..content(Kind::Question, 2) }).unwrap();
        assert_eq!(draft.says(), "help\nfood\none\ntwo");
    }

    #[test]
    fn what_is_not_edited_stays() {
        let tags = Tags::new(["one"]).unwrap();
        let draft = Draft::new(Content { tags: tags.clone(), ..content(Kind::Question, 2) }).unwrap();
        let warned = draft.edited(&[Edit::Warn(Warning::new("food").unwrap())]).unwrap();
        assert_eq!((&warned.tags, &warned.body), (&tags, &draft.body));
        assert_eq!(warned.edited(&[Edit::Unwarn]).unwrap(), draft);
    }
}
