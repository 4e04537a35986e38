//! The access matrix: every method, by every kind of caller, over real HTTP. A method without a row fails the test.
//!
//! | file | holds |
//! | --- | --- |
//! | here | the cells are executed and compared |
//! | `rows` | what each caller is answered by each method |
//! | `scene` | the people and things of one cell |
//! | `personas` | what joins two personas of one account: nothing |
//! | `house` | a server whose clock is moved by hand |
//! | `closed` | a circle that staff close, and open again |
//! | `day` | a moderator's day, through the whole program |
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails where a step does")]

mod closed;
mod day;
mod house;
mod personas;
mod rows;
mod scene;

use std::collections::BTreeSet;

use app::wiring::{Quotas, edges};
use kernel::Access;
use testkit::block_on;

use crate::{
    house::House,
    rows::{ROWS, Row},
    scene::Scene,
};

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// Without a token.
    Nobody,
    /// With a token that somebody else signed.
    Forged,
    /// With a token whose time is over.
    Expired,
    /// With a refresh token in place of an access token.
    Refresh,
    /// Anybody with an account.
    Stranger,
    /// Whose thing it is.
    Owner,
    /// Whom the owner has blocked.
    Blocked,
    /// Who has blocked the owner.
    Blocking,
    /// A stranger who is suspended.
    Suspended,
}

impl Caller {
    /// Whether no account stands behind what they bring.
    const fn is_nobody(self) -> bool {
        matches!(self, Self::Nobody | Self::Forged | Self::Expired | Self::Refresh)
    }

    /// Whether they and the owner do not see each other.
    const fn is_apart(self) -> bool {
        matches!(self, Self::Blocked | Self::Blocking)
    }
}

const CALLERS: [Caller; 9] = [
    Caller::Nobody,
    Caller::Forged,
    Caller::Expired,
    Caller::Refresh,
    Caller::Stranger,
    Caller::Owner,
    Caller::Blocked,
    Caller::Blocking,
    Caller::Suspended,
];

#[test]
fn every_method_has_one_row_in_the_tables_and_one_here() {
    let methods: BTreeSet<_> = proto::METHODS.iter().map(|method| method.path).collect();
    let tables: BTreeSet<_> = edges::rows(Quotas::Held).map(|row| row.path).collect();
    let here: BTreeSet<_> = ROWS.iter().map(|row| row.path).collect();
    assert_eq!(methods, tables, "the tables of the slices");
    assert_eq!(methods, here, "the rows of this test");
    assert_eq!(edges::rows(Quotas::Held).count(), tables.len(), "twice in a table");
    assert_eq!(ROWS.len(), here.len(), "twice in this test");
}

#[test]
fn every_cell_is_answered_as_its_row_says() {
    block_on(async {
        let house = House::open().await;
        let (mut wrong, mut executed) = (Vec::new(), 0);
        for row in ROWS {
            for caller in CALLERS {
                let (answer, expected) = (cell(&house, row, caller).await, (row.answer)(caller));
                executed += 1;
                if answer != expected {
                    wrong.push(format!("{} by {caller:?}: {answer}, not {expected}", row.path));
                }
            }
        }
        assert!(wrong.is_empty(), "{} of {executed} cells:\n{}", wrong.len(), wrong.join("\n"));
        assert_eq!(executed, proto::METHODS.len() * CALLERS.len());
    });
}

/// What a caller of this kind is answered, with people and things of their own.
async fn cell(house: &House, row: &Row, caller: Caller) -> String {
    let scene = Scene::set(house, caller).await;
    let body = (row.body)(&scene).await;
    scene.call(row.path, body).await
}

#[test]
fn no_row_lets_in_more_than_its_table_says() {
    for row in ROWS {
        let table = edges::rows(Quotas::Held).find(|it| it.path == row.path).unwrap();
        let nobodies = CALLERS.into_iter().filter(|caller| caller.is_nobody()).map(row.answer);
        match table.access {
            Access::Public => assert_ne!((row.answer)(Caller::Nobody), "unauthenticated", "{}", row.path),
            Access::Account | Access::Member | Access::Writer | Access::Moderator | Access::Admin => {
                nobodies.for_each(|answer| assert_eq!(answer, "unauthenticated", "{}", row.path));
            }
        }
        if matches!(table.access, Access::Member | Access::Writer | Access::Moderator | Access::Admin) {
            assert_eq!((row.answer)(Caller::Suspended), "permission_denied", "{}", row.path);
        }
    }
}
