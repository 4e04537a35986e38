//! Channels that each kind of caller can subscribe to, over a real WebSocket.

use crate::{
    caller::{Caller, Location},
    rows::{ACTIVE_ACCOUNTS, NOT_FOUND, OK, PERMISSION_DENIED, Rule, STAFF, VIEWERS},
    scenario::Scenario,
    test_server::{Mode, TestServer},
};

/// Kind of channel.
struct ChannelRow {
    locations: &'static [Location],
    name: fn(&Scenario<'_>) -> String,
    expected: Rule,
}

const PUBLIC: &[Location] = &[Location::Public];
const CIRCLES: &[Location] = &[Location::ByRequestCircle, Location::PrivateCircle];

const CHANNELS: [ChannelRow; 6] = [
    ChannelRow { locations: PUBLIC, name: |_| "feed".to_owned(), expected: ACTIVE_ACCOUNTS },
    ChannelRow { locations: PUBLIC, name: |_| "category:sleep".to_owned(), expected: ACTIVE_ACCOUNTS },
    ChannelRow { locations: PUBLIC, name: |_| "user".to_owned(), expected: ACTIVE_ACCOUNTS },
    ChannelRow { locations: &Location::ALL, name: |scenario| format!("post:{}", scenario.post), expected: VIEWERS },
    // Members with a block can subscribe: events of blocked users are filtered per event.
    ChannelRow {
        locations: CIRCLES,
        name: |scenario| format!("circle:{}", scenario.circle().id),
        expected: |caller, location| match ACTIVE_ACCOUNTS(caller, location) {
            OK if !caller.is_member() => NOT_FOUND,
            result => result,
        },
    },
    ChannelRow {
        locations: PUBLIC,
        name: |_| "staff:queue".to_owned(),
        // The existence of the channel is hidden from users.
        expected: |caller, location| match STAFF(caller, location) {
            PERMISSION_DENIED if caller != Caller::Suspended => NOT_FOUND,
            result => result,
        },
    },
];

in_both_modes!(every_subscription_has_the_expected_result);

/// Subscribing changes nothing, so all channels of a caller and a location share a scenario.
async fn every_subscription_has_the_expected_result(mode: Mode) {
    let server = TestServer::start(mode).await;
    let (mut failures, mut executed) = (Vec::new(), 0_usize);
    for location in Location::ALL {
        for caller in Caller::ALL {
            let scenario = Scenario::create(&server, caller, location).await;
            server.deliver_events().await;
            for channel in CHANNELS.iter().filter(|channel| channel.locations.contains(&location)) {
                let name = (channel.name)(&scenario);
                let result = match scenario.subscribe(&name).await.as_str() {
                    "UNSUBSCRIBED_REASON_NOT_FOUND" => NOT_FOUND.to_owned(),
                    result => result.to_owned(),
                };
                let expected = (channel.expected)(caller, location);
                executed += 1;
                if result != expected {
                    failures.push(format!("{name} {location:?} by {caller:?}: {result}, expected {expected}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} of {executed} cells:\n{}", failures.len(), failures.join("\n"));
    println!("{executed} cells");
}
