//! Tests of the rules and of attempts to evade them.

mod decisions;
mod risk;

use kith_kernel::{Timestamp, UserId};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}
