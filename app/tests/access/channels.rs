//! What each caller can listen to, over a real socket.

use crate::{
    caller::{Caller, Place},
    house::{House, Size},
    rows::{MEMBERS, NONE, Rule, STAFF, VISIBLE},
    scene::Scene,
};

/// A kind of channel.
struct Channel {
    places: &'static [Place],
    name: fn(&Scene<'_>) -> String,
    answer: Rule,
}

const HERE: &[Place] = &[Place::Outside];
const CIRCLES: &[Place] = &[Place::ByRequest, Place::Private];
const EVERYWHERE: &[Place] = &[Place::Outside, Place::ByRequest, Place::Private];

const CHANNELS: [Channel; 6] = [
    Channel { places: HERE, name: |_| "feed".to_owned(), answer: MEMBERS },
    Channel { places: HERE, name: |_| "category:sleep".to_owned(), answer: MEMBERS },
    Channel { places: HERE, name: |_| "user".to_owned(), answer: MEMBERS },
    Channel { places: EVERYWHERE, name: |scene| format!("post:{}", scene.post), answer: VISIBLE },
    // Whom members do not see there is left out of what they hear; the circle itself is theirs.
    Channel {
        places: CIRCLES,
        name: |scene| format!("circle:{}", scene.circle().id),
        answer: |caller, place| match MEMBERS(caller, place) {
            "ok" if !caller.is_inside() => NONE,
            answer => answer,
        },
    },
    Channel {
        places: HERE,
        name: |_| "staff:queue".to_owned(),
        // Who does not work the queue is not told that there is one.
        answer: |caller, place| match STAFF(caller, place) {
            "permission_denied" if caller != Caller::Suspended => NONE,
            answer => answer,
        },
    },
];

on_both_sizes!(every_channel_is_heard_by_whom_its_row_says);

async fn every_channel_is_heard_by_whom_its_row_says(size: Size) {
    let house = House::open(size).await;
    let (mut wrong, mut executed) = (Vec::new(), 0_usize);
    for channel in &CHANNELS {
        for place in channel.places {
            for caller in Caller::ALL {
                let scene = Scene::set(&house, caller, *place).await;
                house.settle().await;
                let name = (channel.name)(&scene);
                let answer = match scene.hear(&name).await.as_str() {
                    "UNSUBSCRIBED_REASON_NOT_FOUND" => NONE.to_owned(),
                    answer => answer.to_owned(),
                };
                let expected = (channel.answer)(caller, *place);
                executed += 1;
                if answer != expected {
                    wrong.push(format!("{name} {place:?} by {caller:?}: {answer}, not {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {executed} cells:\n{}", wrong.len(), wrong.join("\n"));
    println!("{executed} cells");
}
