//! A generated community: accounts, their posts of the last month, and responses.
//!
//! Equal size, seed and time generate equal communities, so that measurements on two machines are comparable.

use std::time::Duration;

use kith_kernel::Timestamp;
use rand::{Rng, RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use super::{
    fragments::{Fragments, HANDLE_ADJECTIVES, HANDLE_NOUNS, Library},
    topics::{TOPICS, Topic},
};

/// A generated community.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Community {
    pub members: Vec<Member>,
    /// Posts, oldest first.
    pub posts: Vec<Post>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// 3 to 30 letters, digits and `_`, unique.
    pub handle: String,
    /// Number from 0 to 63.
    pub avatar: u8,
    /// Earlier than all content of the member.
    pub joined_at: Timestamp,
}

/// Kind of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Sos,
    CheckIn,
    Victory,
    Question,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Index in [`Community::members`].
    pub author: usize,
    pub kind: Kind,
    pub text: String,
    /// 1 to 5, at least 4 for an SOS.
    pub urgency: u8,
    /// One or two category slugs.
    pub categories: Vec<&'static str>,
    /// At most three.
    pub tags: Vec<&'static str>,
    pub days_since_relapse: Option<u32>,
    /// Set for some posts about sensitive subjects.
    pub content_warning: Option<&'static str>,
    pub created_at: Timestamp,
    /// Responses, oldest first. Authors do not respond to themselves.
    pub responses: Vec<Response>,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Index in [`Community::members`].
    pub author: usize,
    pub content: ResponseContent,
    /// After the post, and not in the future.
    pub created_at: Timestamp,
}

/// Content of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponseContent {
    Text(String),
    /// Quick support: index from 0 to 4 in the fixed list. An author gives each kind at most once to a post.
    Quick(u8),
}

/// Percentage of each kind of post.
pub const SHARES: [(Kind, u32); 4] = [(Kind::Sos, 12), (Kind::CheckIn, 46), (Kind::Victory, 17), (Kind::Question, 25)];

/// Age of the oldest post in days.
const PERIOD_DAYS: u64 = 30;

/// Relative number of posts by hour of the day: few at night, most in the evening.
const HOURLY_WEIGHTS: [u32; 24] = [5, 4, 3, 2, 2, 2, 4, 8, 10, 9, 8, 8, 9, 8, 7, 8, 9, 11, 13, 15, 17, 17, 14, 9];
/// The same for SOS posts, which are more frequent at night.
const SOS_HOURLY_WEIGHTS: [u32; 24] = [14, 12, 10, 8, 6, 4, 3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 6, 8, 10, 12, 14, 16, 17, 16];

/// Generates a community of this size, as it would be at `now`. Without accounts there are no posts.
#[must_use]
pub fn generate(accounts: usize, posts: usize, seed: u64, now: Timestamp) -> Community {
    let mut generator = Generator { rng: StdRng::seed_from_u64(seed), library: Library::load(), now };
    let members: Vec<Member> = (0..accounts).map(|number| generator.member(number)).collect();
    let posts = if members.is_empty() { 0 } else { posts };
    let mut posts: Vec<Post> = (0..posts).map(|number| generator.post(number, members.len())).collect();
    posts.sort_by_key(|post| post.created_at);
    Community { members, posts }
}

struct Generator {
    rng: StdRng,
    library: Library,
    now: Timestamp,
}

impl Generator {
    fn member(&mut self, number: usize) -> Member {
        let (first, second) = (pick(&mut self.rng, &HANDLE_ADJECTIVES), pick(&mut self.rng, &HANDLE_NOUNS));
        let early = Duration::from_secs(self.rng.random_range(0..300 * 86_400));
        Member {
            handle: format!("{first}_{second}{}", number.saturating_add(10)),
            avatar: self.rng.random_range(0..64),
            joined_at: self.now.before(Duration::from_hours(24 * PERIOD_DAYS.saturating_add(2))).before(early),
        }
    }

    fn post(&mut self, number: usize, members: usize) -> Post {
        let kind = kind(number);
        let topics = self.topics();
        let created_at = self.random_time(kind);
        let author = self.random_member(members);
        let mut tags: Vec<&'static str> = Vec::new();
        for tag in topics.iter().flat_map(|topic| topic.tags) {
            if tags.len() < 3 && !tags.contains(tag) && self.rng.random_ratio(2, 5) {
                tags.push(tag);
            }
        }
        let relapse = self.rng.random_ratio(1, 4).then(|| self.rng.random_range(0..400));
        let warned = topics.iter().any(|topic| ["self-harm", "eating", "trauma"].contains(&topic.slug));
        Post {
            author,
            kind,
            text: self.text(kind, &topics),
            urgency: self.urgency(kind),
            categories: topics.iter().map(|topic| topic.slug).collect(),
            tags,
            days_since_relapse: relapse,
            content_warning: (warned && self.rng.random_ratio(3, 4)).then_some("may be hard to read"),
            created_at,
            responses: self.responses(kind, author, members, created_at),
        }
    }

    /// Returns one or two topics. The first topics of the list are the most frequent.
    fn topics(&mut self) -> Vec<Topic> {
        let mut topics: Vec<Topic> = Vec::new();
        let count = if self.rng.random_ratio(1, 4) { 2 } else { 1 };
        for _ in 0..count {
            let one = self.rng.random_range(0..TOPICS.len());
            let other = self.rng.random_range(0..TOPICS.len());
            let chosen = TOPICS.get(one.min(other)).copied();
            topics.extend(chosen.filter(|topic| topics.iter().all(|known| known.slug != topic.slug)));
        }
        topics
    }

    fn text(&mut self, kind: Kind, topics: &[Topic]) -> String {
        let fragments = match kind {
            Kind::Sos => &self.library.sos,
            Kind::CheckIn => &self.library.check_in,
            Kind::Victory => &self.library.victory,
            Kind::Question => &self.library.question,
        };
        let about =
            topics.first().filter(|_| self.rng.random_ratio(3, 5)).map(|topic| pick(&mut self.rng, topic.sentences));
        compose(&mut self.rng, fragments, about)
    }

    fn urgency(&mut self, kind: Kind) -> u8 {
        match kind {
            Kind::Sos => self.rng.random_range(4..=5),
            Kind::CheckIn | Kind::Question => self.rng.random_range(1..=3),
            Kind::Victory => 1,
        }
    }

    /// A random time of the last month, weighted by the hour of the day.
    fn random_time(&mut self, kind: Kind) -> Timestamp {
        let weights = if kind == Kind::Sos { &SOS_HOURLY_WEIGHTS } else { &HOURLY_WEIGHTS };
        let hour = weighted(&mut self.rng, weights);
        let day = self.rng.random_range(0..PERIOD_DAYS);
        let offset_ms = self.rng.random_range(0..3_600_000);
        // Hours of the UTC day that is `day` days ago.
        let midnight = self.now.millis().div_euclid(86_400_000).saturating_mul(86_400_000);
        let today = Timestamp::from_millis(midnight)
            .before(Duration::from_hours(24).saturating_mul(u32::try_from(day).unwrap_or(0)));
        let at = today.after(Duration::from_hours(hour)).after(Duration::from_millis(offset_ms));
        if at > self.now { at.before(Duration::from_hours(24)) } else { at }
    }

    fn responses(&mut self, kind: Kind, author: usize, members: usize, posted_at: Timestamp) -> Vec<Response> {
        if members < 2 {
            return Vec::new();
        }
        let (max_count, max_delay_seconds) = match kind {
            Kind::Sos => (8, 240),
            Kind::CheckIn => (3, 7_200),
            Kind::Victory => (6, 5_400),
            Kind::Question => (6, 10_800),
        };
        let count = self.rng.random_range(0..=max_count);
        let mut responses: Vec<Response> = Vec::new();
        let mut created_at = posted_at;
        for _ in 0..count {
            created_at = created_at.after(Duration::from_secs(self.rng.random_range(20..max_delay_seconds)));
            let responder = self.random_member(members);
            let content = self.support();
            let is_duplicate = responses.iter().any(|known| known.author == responder && known.content == content);
            if responder != author && created_at <= self.now && !is_duplicate {
                responses.push(Response { author: responder, content, created_at });
            }
        }
        responses
    }

    fn support(&mut self) -> ResponseContent {
        if self.rng.random_ratio(2, 5) {
            return ResponseContent::Quick(self.rng.random_range(0..5));
        }
        ResponseContent::Text(compose(&mut self.rng, &self.library.response, None))
    }

    /// A random member. A few members write most of the content.
    fn random_member(&mut self, members: usize) -> usize {
        let (one, other) = (self.rng.random_range(0..members), self.rng.random_range(0..members));
        one.min(other)
    }
}

/// Kind of the post with this number. The shares are exact in every hundred posts.
fn kind(number: usize) -> Kind {
    // 37 and 100 are coprime, so each remainder occurs once in a hundred, and the kinds are mixed.
    let mut place = u32::try_from(number % 100).unwrap_or(0).saturating_mul(37) % 100;
    for (kind, share) in SHARES {
        match place.checked_sub(share) {
            None => return kind,
            Some(rest) => place = rest,
        }
    }
    Kind::CheckIn
}

/// Joins an opening, optionally a sentence about the topic, one or two middles, and usually an ending.
fn compose(rng: &mut StdRng, fragments: &Fragments, about: Option<&'static str>) -> String {
    let mut parts = vec![pick(rng, &fragments.openings)];
    parts.extend(about);
    let middle = pick(rng, &fragments.middles);
    parts.push(middle);
    let second = pick(rng, &fragments.middles);
    if second != middle && rng.random_ratio(2, 5) {
        parts.push(second);
    }
    if rng.random_ratio(5, 6) {
        parts.push(pick(rng, &fragments.endings));
    }
    parts.join(" ")
}

fn pick(rng: &mut StdRng, choices: &[&'static str]) -> &'static str {
    choices.choose(rng).copied().unwrap_or_default()
}

/// Random index with the given relative weights.
fn weighted(rng: &mut impl Rng, weights: &[u32]) -> u64 {
    let mut left = rng.random_range(0..weights.iter().sum::<u32>().max(1));
    let mut place = 0;
    for weight in weights {
        match left.checked_sub(*weight) {
            None => break,
            Some(rest) => left = rest,
        }
        place += 1;
    }
    place
}

#[cfg(test)]
mod tests;
