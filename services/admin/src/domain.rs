//! Feature flags and their evaluation for one caller.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet},
};

use aws_lc_rs::digest::{Context, SHA256};
use kith_kernel::{
    Role, Timestamp, UserId,
    ports::{Feature, FlagSubject},
};
use uuid::Uuid;

/// A stored feature flag.
///
/// It is enabled for `percent` of all accounts and, in addition, for every account with one of `roles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Id, by creation time. Lists are ordered by it.
    pub id: Uuid,
    pub name: FlagName,
    pub percent: Percent,
    pub roles: BTreeSet<Role>,
    /// Number of the last change, from 1. It is the etag.
    pub version: i64,
    pub changed_at: Timestamp,
}

/// New settings of a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagUpdate {
    pub name: FlagName,
    pub percent: Percent,
    pub roles: BTreeSet<Role>,
}

/// Name of a flag: 1 to 64 characters of `a-z`, `0-9`, `_`, `-` and `.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlagName(String);

/// Share of accounts, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(u8);

/// All stored flags at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlagSet(BTreeMap<FlagName, Flag>);

/// Rule that a flag violates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFlag {
    #[error("name must be 1 to 64 characters of a-z, 0-9, _, - and .")]
    Name,
    #[error("percent must be at most 100")]
    Percent,
}

impl FlagName {
    /// Parses a name.
    ///
    /// # Errors
    /// [`InvalidFlag::Name`].
    pub fn parse(text: &str) -> Result<Self, InvalidFlag> {
        let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
        let is_valid = (1..=64).contains(&text.len()) && text.bytes().all(is_allowed);
        if is_valid { Ok(Self(text.to_owned())) } else { Err(InvalidFlag::Name) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for FlagName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Percent {
    /// Checks a percentage.
    ///
    /// # Errors
    /// [`InvalidFlag::Percent`] above 100.
    pub fn new(percent: u32) -> Result<Self, InvalidFlag> {
        match u8::try_from(percent) {
            Ok(percent) if percent <= 100 => Ok(Self(percent)),
            _ => Err(InvalidFlag::Percent),
        }
    }

    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Flag {
    /// Returns true if the flag is enabled for the subject.
    ///
    /// Stable: the same account gets the same answer until the flag changes. Monotone: a higher percentage includes
    /// every account that a lower one includes. A caller without an account is included at 100 percent only.
    #[must_use]
    pub fn is_enabled_for(&self, subject: FlagSubject) -> bool {
        match subject {
            FlagSubject::Anonymous => self.percent.0 == 100,
            FlagSubject::Account(user) => self.includes(user),
            FlagSubject::Caller { user, role } => self.roles.contains(&role) || self.includes(user),
        }
    }

    fn includes(&self, user: UserId) -> bool {
        bucket(&self.name, user) < u64::from(self.percent.0)
    }
}

impl FlagSet {
    /// Returns true if the feature is enabled for the subject. A feature without a stored flag is enabled.
    #[must_use]
    pub fn is_enabled(&self, feature: Feature, subject: FlagSubject) -> bool {
        self.0.get(feature.name()).is_none_or(|flag| flag.is_enabled_for(subject))
    }

    /// Names of all flags that are enabled for the subject, in alphabetical order: stored flags, and features without
    /// a stored flag.
    #[must_use]
    pub fn enabled_names(&self, subject: FlagSubject) -> Vec<String> {
        let names = self.0.keys().map(FlagName::as_str);
        let all: BTreeSet<&str> = names.chain(Feature::ALL.map(Feature::name)).collect();
        let is_enabled = |name: &&str| self.0.get(*name).is_none_or(|flag| flag.is_enabled_for(subject));
        all.into_iter().filter(is_enabled).map(str::to_owned).collect()
    }
}

impl FromIterator<Flag> for FlagSet {
    fn from_iter<T: IntoIterator<Item = Flag>>(flags: T) -> Self {
        Self(flags.into_iter().map(|flag| (flag.name.clone(), flag)).collect())
    }
}

/// Bucket of an account for one flag, 0 to 99. Buckets of different flags are independent, so that the same accounts
/// are not always the first to get a feature.
fn bucket(name: &FlagName, user: UserId) -> u64 {
    let mut context = Context::new(&SHA256);
    context.update(name.0.as_bytes());
    context.update(&[0]);
    context.update(user.uuid().as_bytes());
    let digest = context.finish();
    let prefix = digest.as_ref().first_chunk::<8>().copied().unwrap_or_default();
    u64::from_be_bytes(prefix) % 100
}

#[cfg(test)]
mod tests {
    use kith_testkit::user;

    use super::*;

    fn flag(name: &str, percent: u32, roles: &[Role]) -> Flag {
        Flag {
            id: Uuid::nil(),
            name: FlagName::parse(name).unwrap(),
            percent: Percent::new(percent).unwrap(),
            roles: roles.iter().copied().collect(),
            version: 1,
            changed_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn a_percentage_is_accurate_stable_and_independent_of_other_flags() {
        let users: Vec<UserId> = (0..2_000).map(|_| user()).collect();
        let enabled = |flag: &Flag| -> Vec<bool> {
            users.iter().map(|user| flag.is_enabled_for(FlagSubject::Account(*user))).collect()
        };
        let count = |enabled: &[bool]| enabled.iter().filter(|it| **it).count();
        let thirty = enabled(&flag("a", 30, &[]));
        // Five standard deviations.
        assert!((500..=700).contains(&count(&thirty)), "{}", count(&thirty));
        assert_eq!(thirty, enabled(&flag("a", 30, &[])));
        assert_ne!(thirty, enabled(&flag("b", 30, &[])));
        assert_eq!((count(&enabled(&flag("a", 0, &[]))), count(&enabled(&flag("a", 100, &[])))), (0, 2_000));
    }

    #[test]
    fn a_higher_percentage_includes_every_account_of_a_lower_one() {
        for user in (0..200).map(|_| user()) {
            let enabled: Vec<bool> =
                (0..=100).map(|it| flag("a", it, &[]).is_enabled_for(FlagSubject::Account(user))).collect();
            assert!(enabled.is_sorted(), "an account was excluded by a higher percentage: {enabled:?}");
        }
    }

    #[test]
    fn the_bucket_of_an_account_does_not_depend_on_the_build() {
        let user = UserId::from_uuid(Uuid::from_u128(7));
        let first = (0..=100).find(|it| flag("post_search", *it, &[]).is_enabled_for(FlagSubject::Account(user)));
        assert_eq!(first, Some(4));
    }

    #[test]
    fn a_role_is_enabled_at_any_percentage() {
        let moderator = FlagSubject::Caller { user: user(), role: Role::Moderator };
        assert!(flag("a", 0, &[Role::Moderator]).is_enabled_for(moderator));
        assert!(!flag("a", 0, &[Role::Admin]).is_enabled_for(moderator));
        assert!(!flag("a", 0, &[]).is_enabled_for(moderator));
    }

    #[test]
    fn a_caller_without_an_account_is_included_only_at_a_hundred_percent() {
        assert!(flag("a", 100, &[]).is_enabled_for(FlagSubject::Anonymous));
        assert!(!flag("a", 99, &[Role::Member]).is_enabled_for(FlagSubject::Anonymous));
    }

    #[test]
    fn a_feature_is_enabled_until_its_flag_says_otherwise() {
        let subject = FlagSubject::Account(user());
        let names = |flags: &FlagSet| flags.enabled_names(subject);
        let defaults = FlagSet::default();
        assert!(Feature::ALL.into_iter().all(|feature| defaults.is_enabled(feature, subject)));
        assert_eq!(names(&defaults).len(), Feature::ALL.len());
        let flags: FlagSet =
            [flag("post_search", 0, &[]), flag("new_feed", 100, &[]), flag("other", 0, &[])].into_iter().collect();
        assert!(!flags.is_enabled(Feature::PostSearch, subject) && flags.is_enabled(Feature::FeedStream, subject));
        assert_eq!(names(&flags), ["circle_creation", "content_screen", "feed_stream", "new_feed", "registration"]);
    }

    #[test]
    fn names_of_features_are_valid_and_distinct() {
        let names: BTreeSet<_> = Feature::ALL.into_iter().map(|it| FlagName::parse(it.name()).unwrap()).collect();
        assert_eq!(names.len(), Feature::ALL.len());
    }

    #[test]
    fn an_invalid_name_or_percentage_is_rejected() {
        assert!(FlagName::parse("feed.new-order_2").is_ok() && FlagName::parse(&"a".repeat(64)).is_ok());
        for text in ["", "A", "a b", "a:b", "a=b", "\u{e9}", "a".repeat(65).as_str()] {
            assert_eq!(FlagName::parse(text), Err(InvalidFlag::Name), "{text}");
        }
        assert_eq!((Percent::new(101), Percent::new(357)), (Err(InvalidFlag::Percent), Err(InvalidFlag::Percent)));
    }
}
