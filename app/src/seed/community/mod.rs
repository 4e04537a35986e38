//! A community that never was: people, what they wrote in the last month, and who answered.
//!
//! The same size, seed and moment make the same community, so that two machines can compare what they measure.

use std::time::Duration;

use kith_kernel::Timestamp;
use rand::{Rng, RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use super::{
    topics::{TOPICS, Topic},
    words::{FIRST, Library, SECOND, Words},
};

/// A made-up community.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Community {
    /// Its people.
    pub members: Vec<Member>,
    /// What they wrote, the oldest first.
    pub posts: Vec<Post>,
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// 3 to 30 letters, digits and `_`; nobody else has it.
    pub handle: String,
    /// 0 to 63.
    pub avatar: u8,
    /// Before all that they wrote.
    pub joined_at: Timestamp,
}

/// The four sorts of post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Help, now.
    Sos,
    /// How today is going.
    CheckIn,
    /// Something that went well.
    Victory,
    /// Something to ask.
    Question,
}

/// What somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Whose: a place in [`Community::members`].
    pub author: usize,
    /// What sort.
    pub kind: Kind,
    /// The text.
    pub text: String,
    /// 1 to 5; an SOS has at least 4.
    pub urgency: u8,
    /// Slugs of categories, one or two.
    pub categories: Vec<&'static str>,
    /// None to three.
    pub tags: Vec<&'static str>,
    /// Said by some.
    pub days_since_relapse: Option<u32>,
    /// Where the subject asks for one.
    pub content_warning: Option<&'static str>,
    /// When.
    pub at: Timestamp,
    /// Who answered, the first one first. Nobody answers themselves.
    pub answers: Vec<Answer>,
}

/// What somebody answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whose: a place in [`Community::members`].
    pub author: usize,
    /// What.
    pub words: Support,
    /// When: after the post, and not in the future.
    pub at: Timestamp,
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Support {
    /// In words.
    Text(String),
    /// In one tap: a place in the fixed vocabulary, 0 to 4. Nobody says the same to one post twice.
    Quick(u8),
}

/// How many of a hundred posts are an SOS, a check-in, a victory and a question.
pub const SHARES: [(Kind, u32); 4] = [(Kind::Sos, 12), (Kind::CheckIn, 46), (Kind::Victory, 17), (Kind::Question, 25)];

/// How far back it goes.
const PAST: u64 = 30;

/// How much is written in each hour of a day: little at night, most after work.
const RHYTHM: [u32; 24] = [5, 4, 3, 2, 2, 2, 4, 8, 10, 9, 8, 8, 9, 8, 7, 8, 9, 11, 13, 15, 17, 17, 14, 9];
/// An SOS comes when others sleep.
const NIGHT: [u32; 24] = [14, 12, 10, 8, 6, 4, 3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 6, 8, 10, 12, 14, 16, 17, 16];

/// Makes up a community of this size, as it would stand at `now`. Without people there are no posts.
#[must_use]
pub fn community(accounts: usize, posts: usize, seed: u64, now: Timestamp) -> Community {
    let mut author = Author { rng: StdRng::seed_from_u64(seed), library: Library::open(), now };
    let members: Vec<Member> = (0..accounts).map(|number| author.member(number)).collect();
    let posts = if members.is_empty() { 0 } else { posts };
    let mut posts: Vec<Post> = (0..posts).map(|number| author.post(number, members.len())).collect();
    posts.sort_by_key(|post| post.at);
    Community { members, posts }
}

/// Whoever makes it all up.
struct Author {
    rng: StdRng,
    library: Library,
    now: Timestamp,
}

impl Author {
    fn member(&mut self, number: usize) -> Member {
        let (first, second) = (pick(&mut self.rng, &FIRST), pick(&mut self.rng, &SECOND));
        let early = Duration::from_secs(self.rng.random_range(0..300 * 86_400));
        Member {
            handle: format!("{first}_{second}{}", number.saturating_add(10)),
            avatar: self.rng.random_range(0..64),
            joined_at: self.now.before(Duration::from_hours(24 * PAST.saturating_add(2))).before(early),
        }
    }

    fn post(&mut self, number: usize, people: usize) -> Post {
        let kind = kind(number);
        let topics = self.topics();
        let at = self.moment(kind);
        let author = self.somebody(people);
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
            at,
            answers: self.answers(kind, author, people, at),
        }
    }

    /// One or two; the first ones of the list come most.
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
        let words = match kind {
            Kind::Sos => &self.library.sos,
            Kind::CheckIn => &self.library.check_in,
            Kind::Victory => &self.library.victory,
            Kind::Question => &self.library.question,
        };
        let about =
            topics.first().filter(|_| self.rng.random_ratio(3, 5)).map(|topic| pick(&mut self.rng, topic.sentences));
        compose(&mut self.rng, words, about)
    }

    fn urgency(&mut self, kind: Kind) -> u8 {
        match kind {
            Kind::Sos => self.rng.random_range(4..=5),
            Kind::CheckIn | Kind::Question => self.rng.random_range(1..=3),
            Kind::Victory => 1,
        }
    }

    /// In the last month, at an hour when people write.
    fn moment(&mut self, kind: Kind) -> Timestamp {
        let rhythm = if kind == Kind::Sos { &NIGHT } else { &RHYTHM };
        let hour = weighted(&mut self.rng, rhythm);
        let day = self.rng.random_range(0..PAST);
        let within = self.rng.random_range(0..3_600_000);
        // Hours are those of the day in UTC that is `day` days ago.
        let midnight = self.now.millis().div_euclid(86_400_000).saturating_mul(86_400_000);
        let today = Timestamp::from_millis(midnight)
            .before(Duration::from_hours(24).saturating_mul(u32::try_from(day).unwrap_or(0)));
        let at = today.after(Duration::from_hours(hour)).after(Duration::from_millis(within));
        if at > self.now { at.before(Duration::from_hours(24)) } else { at }
    }

    fn answers(&mut self, kind: Kind, author: usize, people: usize, at: Timestamp) -> Vec<Answer> {
        if people < 2 {
            return Vec::new();
        }
        let (most, pace) = match kind {
            Kind::Sos => (8, 240),
            Kind::CheckIn => (3, 7_200),
            Kind::Victory => (6, 5_400),
            Kind::Question => (6, 10_800),
        };
        let count = self.rng.random_range(0..=most);
        let mut answers: Vec<Answer> = Vec::new();
        let mut moment = at;
        for _ in 0..count {
            moment = moment.after(Duration::from_secs(self.rng.random_range(20..pace)));
            let who = self.somebody(people);
            let words = self.support();
            let again = answers.iter().any(|known| known.author == who && known.words == words);
            if who != author && moment <= self.now && !again {
                answers.push(Answer { author: who, words, at: moment });
            }
        }
        answers
    }

    fn support(&mut self) -> Support {
        if self.rng.random_ratio(2, 5) {
            return Support::Quick(self.rng.random_range(0..5));
        }
        Support::Text(compose(&mut self.rng, &self.library.answer, None))
    }

    /// Few write much, and many write little.
    fn somebody(&mut self, people: usize) -> usize {
        let (one, other) = (self.rng.random_range(0..people), self.rng.random_range(0..people));
        one.min(other)
    }
}

/// The kind of the post with this number: in any hundred of them the shares are exact.
fn kind(number: usize) -> Kind {
    // 37 and 100 have no common divisor, so that each remainder comes once in a hundred, and kinds are mixed.
    let mut place = u32::try_from(number % 100).unwrap_or(0).saturating_mul(37) % 100;
    for (kind, share) in SHARES {
        match place.checked_sub(share) {
            None => return kind,
            Some(rest) => place = rest,
        }
    }
    Kind::CheckIn
}

/// An opening, perhaps what it is about, one or two middles, and mostly an ending.
fn compose(rng: &mut StdRng, words: &Words, about: Option<&'static str>) -> String {
    let mut parts = vec![pick(rng, &words.openings)];
    parts.extend(about);
    let middle = pick(rng, &words.middles);
    parts.push(middle);
    let second = pick(rng, &words.middles);
    if second != middle && rng.random_ratio(2, 5) {
        parts.push(second);
    }
    if rng.random_ratio(5, 6) {
        parts.push(pick(rng, &words.endings));
    }
    parts.join(" ")
}

fn pick(rng: &mut StdRng, choices: &[&'static str]) -> &'static str {
    choices.choose(rng).copied().unwrap_or_default()
}

/// A place in the list, as often as its weight says.
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
