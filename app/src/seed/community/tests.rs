use std::collections::{BTreeMap, BTreeSet};

use kith_kernel::Category;

use super::*;

/// 2026-11-20T12:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_176_000_000);

fn some() -> Community {
    community(80, 2_000, 7, NOW)
}

#[test]
fn the_same_seed_makes_the_same_community_and_another_another() {
    assert_eq!(community(20, 100, 1, NOW), community(20, 100, 1, NOW));
    assert_ne!(community(20, 100, 1, NOW), community(20, 100, 2, NOW));
}

#[test]
fn kinds_come_in_their_shares() {
    let count = |kind| some().posts.iter().filter(|post| post.kind == kind).count();
    for (kind, share) in SHARES {
        assert_eq!(count(kind), usize::try_from(share).unwrap() * 20, "{kind:?}");
    }
    assert_eq!(SHARES.iter().map(|(_, share)| share).sum::<u32>(), 100);
}

#[test]
fn everything_is_as_long_as_it_may_be() {
    for post in some().posts {
        assert!((1..=5_000).contains(&post.text.chars().count()) && post.text == post.text.trim(), "{}", post.text);
        assert!(!post.text.contains("  "), "{}", post.text);
        assert!((1..=5).contains(&post.urgency));
        assert!(post.kind != Kind::Sos || post.urgency >= 4);
        assert!((1..=2).contains(&post.categories.len()) && post.tags.len() <= 3);
        assert!(post.categories.iter().all(|slug| slug.parse::<Category>().is_ok()), "{:?}", post.categories);
    }
}

#[test]
fn handles_are_as_they_must_be_and_nobody_shares_one() {
    let members = community(3_000, 0, 3, NOW).members;
    let handles: BTreeSet<_> = members.iter().map(|member| &member.handle).collect();
    assert_eq!(handles.len(), members.len());
    for handle in handles {
        assert!((3..=30).contains(&handle.len()), "{handle}");
        assert!(handle.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_'), "{handle}");
    }
}

#[test]
fn everything_happens_in_the_last_month_after_its_author_came_and_in_order() {
    let community = some();
    let month = NOW.before(Duration::from_hours(24 * (PAST + 1)));
    assert!(community.posts.is_sorted_by_key(|post| post.at));
    for post in &community.posts {
        assert!(post.at > month && post.at <= NOW);
        assert!(community.members[post.author].joined_at < post.at);
        assert!(post.answers.is_sorted_by_key(|answer| answer.at));
        for answer in &post.answers {
            assert!(answer.at > post.at && answer.at <= NOW && answer.author != post.author);
        }
    }
}

#[test]
fn evenings_are_busier_than_small_hours() {
    let hours =
        some().posts.into_iter().filter(|post| post.kind != Kind::Sos).fold(BTreeMap::new(), |mut hours, post| {
            *hours.entry(post.at.millis().rem_euclid(86_400_000) / 3_600_000).or_insert(0) += 1;
            hours
        });
    let of = |range: std::ops::Range<i64>| range.map(|hour| hours.get(&hour).copied().unwrap_or(0)).sum::<i32>();
    assert!(of(18..22) > 3 * of(2..6), "{hours:?}");
}

#[test]
fn texts_are_varied() {
    let posts = some().posts;
    let texts: BTreeSet<_> = posts.iter().map(|post| &post.text).collect();
    assert!(texts.len() * 100 > posts.len() * 99, "{} of {}", texts.len(), posts.len());
}

#[test]
fn every_sort_has_its_fragments_and_none_twice() {
    let Library { sos, check_in, victory, question, answer } = Library::open();
    for words in [sos, check_in, victory, question, answer] {
        for (part, least) in [(&words.openings, 60), (&words.middles, 60), (&words.endings, 40)] {
            assert!(part.len() >= least, "{part:?}");
            assert_eq!(part.iter().collect::<BTreeSet<_>>().len(), part.len());
            assert!(part.iter().all(|text| text.ends_with(['.', '?'])), "{part:?}");
        }
    }
}

#[test]
fn every_category_is_a_topic() {
    let topics: BTreeSet<_> = TOPICS.iter().map(|topic| topic.slug).collect();
    assert_eq!(topics, Category::ALL.iter().map(|category| category.slug()).collect());
}

#[test]
fn few_people_or_none_are_no_trouble() {
    assert!(community(0, 10, 1, NOW).posts.is_empty());
    let alone = community(1, 10, 1, NOW);
    assert!(alone.posts.len() == 10 && alone.posts.iter().all(|post| post.answers.is_empty()));
}
