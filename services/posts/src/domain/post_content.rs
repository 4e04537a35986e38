//! Content of a post and edits of it.

use std::{ops::Deref, time::Duration};

use kith_kernel::Timestamp;

use super::{Body, Categories, ContentWarning, DaysSinceRelapse, Kind, PostRuleViolation, Tag, Tags, Urgency};

/// Content of a post. Its parts are valid, alone and in combination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostContent(PostContentParts);

/// Parts of a [`PostContent`], each valid on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostContentParts {
    pub kind: Kind,
    pub urgency: Urgency,
    pub body: Body,
    pub categories: Categories,
    pub tags: Tags,
    pub warning: Option<ContentWarning>,
    pub days_since_relapse: Option<DaysSinceRelapse>,
    /// From this time on only the author sees the post.
    pub expires_at: Option<Timestamp>,
}

impl PostContentParts {
    /// Content without optional parts.
    #[must_use]
    pub fn new(kind: Kind, urgency: Urgency, body: Body) -> Self {
        let (categories, tags) = (Categories::default(), Tags::default());
        Self { kind, urgency, body, categories, tags, warning: None, days_since_relapse: None, expires_at: None }
    }
}

impl PostContent {
    /// Shortest time until a post expires.
    pub const MIN_LIFETIME: Duration = Duration::from_mins(1);
    /// Longest time until a post expires, if it expires at all.
    pub const MAX_LIFETIME: Duration = Duration::from_hours(365 * 24);

    /// Validates the combination of the parts.
    ///
    /// # Errors
    /// [`PostRuleViolation::SosUrgencyTooLow`], [`PostRuleViolation::SosCannotExpire`].
    pub fn new(parts: PostContentParts) -> Result<Self, PostRuleViolation> {
        if parts.kind == Kind::Sos && parts.urgency < Urgency::MIN_SOS {
            return Err(PostRuleViolation::SosUrgencyTooLow);
        }
        if parts.kind == Kind::Sos && parts.expires_at.is_some() {
            return Err(PostRuleViolation::SosCannotExpire);
        }
        Ok(Self(parts))
    }

    /// Checks that the expiry, if there is one, is between [`Self::MIN_LIFETIME`] and [`Self::MAX_LIFETIME`] from now.
    ///
    /// # Errors
    /// [`PostRuleViolation::ExpiryOutOfRange`].
    pub fn validate_expiry(&self, now: Timestamp) -> Result<(), PostRuleViolation> {
        let range = now.after(Self::MIN_LIFETIME)..=now.after(Self::MAX_LIFETIME);
        if self.expires_at.is_none_or(|end| range.contains(&end)) {
            Ok(())
        } else {
            Err(PostRuleViolation::ExpiryOutOfRange)
        }
    }

    /// Returns all text of the post: the body, the content warning and each tag on a separate line.
    #[must_use]
    pub fn full_text(&self) -> String {
        let warning = self.warning.as_ref().map(ContentWarning::expose);
        let tags = self.tags.as_slice().iter().map(Tag::expose);
        let lines: Vec<&str> = [self.body.expose()].into_iter().chain(warning).chain(tags).collect();
        lines.join("\n")
    }

    pub(super) fn with_max_urgency(&self) -> Self {
        Self(PostContentParts { urgency: Urgency::MAX, ..self.0.clone() })
    }

    pub(super) fn apply(&self, edits: &[Edit]) -> Result<Self, PostRuleViolation> {
        let mut parts = self.0.clone();
        for edit in edits.iter().cloned() {
            match edit {
                Edit::Body(body) => parts.body = body,
                Edit::Categories(categories) => parts.categories = categories,
                Edit::Tags(tags) => parts.tags = tags,
                Edit::SetWarning(warning) => parts.warning = Some(warning),
                Edit::ClearWarning => parts.warning = None,
                Edit::Urgency(urgency) => parts.urgency = urgency,
            }
        }
        Self::new(parts)
    }
}

impl Deref for PostContent {
    type Target = PostContentParts;

    fn deref(&self) -> &PostContentParts {
        &self.0
    }
}

/// One edit of the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    Body(Body),
    /// Replaces all categories.
    Categories(Categories),
    /// Replaces all tags.
    Tags(Tags),
    SetWarning(ContentWarning),
    ClearWarning,
    Urgency(Urgency),
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn parts(kind: Kind, level: i64) -> PostContentParts {
        PostContentParts::new(kind, Urgency::new(level).unwrap(), Body::new("help").unwrap())
    }

    #[test]
    fn an_sos_keeps_the_minimum_urgency_of_an_sos() {
        assert_eq!(PostContent::new(parts(Kind::Sos, 3)), Err(PostRuleViolation::SosUrgencyTooLow));
        assert!(PostContent::new(parts(Kind::Question, 1)).is_ok());
        let sos = PostContent::new(parts(Kind::Sos, 4)).unwrap();
        assert_eq!(sos.apply(&[Edit::Urgency(Urgency::new(3).unwrap())]), Err(PostRuleViolation::SosUrgencyTooLow));
    }

    #[test]
    fn an_sos_cannot_expire() {
        let ending = PostContentParts { expires_at: Some(NOW), ..parts(Kind::Sos, 5) };
        assert_eq!(PostContent::new(ending), Err(PostRuleViolation::SosCannotExpire));
    }

    #[test]
    fn an_expiry_is_a_minute_to_a_year_from_now() {
        let ends =
            |at| PostContent::new(PostContentParts { expires_at: Some(at), ..parts(Kind::Question, 1) }).unwrap();
        let (soonest, latest) = (NOW.after(PostContent::MIN_LIFETIME), NOW.after(PostContent::MAX_LIFETIME));
        for end in [soonest, latest] {
            assert_eq!(ends(end).validate_expiry(NOW), Ok(()));
        }
        let instant = Duration::from_millis(1);
        for end in [soonest.before(instant), latest.after(instant), Timestamp::from_millis(i64::MIN)] {
            assert_eq!(ends(end).validate_expiry(NOW), Err(PostRuleViolation::ExpiryOutOfRange));
        }
    }

    #[test]
    fn the_full_text_contains_body_warning_and_tags() {
        let (tags, warning) = (Tags::new(["one", "two"]).unwrap(), Some(ContentWarning::new("food").unwrap()));
        let content = PostContent::new(PostContentParts { tags, warning, ..parts(Kind::Question, 2) }).unwrap();
        assert_eq!(content.full_text(), "help\nfood\none\ntwo");
    }

    #[test]
    fn an_edit_changes_only_its_own_part() {
        let tags = Tags::new(["one"]).unwrap();
        let content = PostContent::new(PostContentParts { tags: tags.clone(), ..parts(Kind::Question, 2) }).unwrap();
        let warned = content.apply(&[Edit::SetWarning(ContentWarning::new("food").unwrap())]).unwrap();
        assert_eq!((&warned.tags, &warned.body), (&tags, &content.body));
        assert_eq!(warned.apply(&[Edit::ClearWarning]).unwrap(), content);
    }
}
