//! The access matrix: every method, and every channel, by every kind of caller, over real HTTP. A method without a row
//! fails the test.
//!
//! | file | holds |
//! | --- | --- |
//! | here | the cells are executed and compared |
//! | `caller` | who calls, and where the thing is |
//! | `rows` | what each caller is answered by each method |
//! | `channels` | what each caller can listen to |
//! | `scene` | the people and things of one cell |
//! | `personas` | what joins two personas of one account: nothing |
//! | `house` | a server whose clock is moved by hand |
//! | `closed` | a circle that staff close, and open again |
//! | `day` | a moderator's day, through the whole program |
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails where a step does")]
#![expect(clippy::print_stdout, reason = "how much was tried is worth a line")]

/// Runs a test on a Kith of either size.
macro_rules! on_both_sizes {
    ($($test:ident),+) => {$(
        mod $test {
            use crate::house::Size;

            #[test]
            fn in_one_process() {
                kith_testkit::block_on(super::$test(Size::One));
            }

            #[test]
            fn on_four_servers() {
                kith_testkit::block_on(super::$test(Size::Cluster));
            }
        }
    )+};
}

mod caller;
mod channels;
mod closed;
mod day;
mod house;
mod personas;
mod rows;
mod scene;

use std::collections::BTreeSet;

use crate::{
    caller::{Caller, Place},
    house::{House, Size},
    rows::Row,
    scene::Scene,
};
use kith_app::wiring::{QuotaMode, method_policies};
use kith_kernel::RequiredAccess;

#[test]
fn every_method_has_one_row_in_the_tables_and_a_row_here() {
    let methods: BTreeSet<_> = kith_proto::METHODS.iter().map(|method| method.path).collect();
    let tables: BTreeSet<_> = method_policies::method_policies(QuotaMode::Enforced).map(|row| row.path).collect();
    let here: BTreeSet<_> = rows::all().map(|row| row.path).collect();
    assert_eq!(methods, tables, "the tables of the slices");
    assert_eq!(methods, here, "the rows of this test");
    assert_eq!(method_policies::method_policies(QuotaMode::Enforced).count(), tables.len(), "twice in a table");
    assert_eq!(rows::all().count(), here.len(), "twice in this test");
}

on_both_sizes!(every_cell_is_answered_as_its_row_says);

async fn every_cell_is_answered_as_its_row_says(size: Size) {
    let house = House::open(size).await;
    let (mut wrong, mut executed) = (Vec::new(), 0_usize);
    for row in rows::all() {
        for place in row.places {
            for caller in Caller::ALL {
                let (answer, expected) = (cell(&house, row, caller, *place).await, (row.answer)(caller, *place));
                executed += 1;
                if answer != expected {
                    wrong.push(format!("{} {place:?} by {caller:?}: {answer}, not {expected}", row.path));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {executed} cells:\n{}", wrong.len(), wrong.join("\n"));
    println!("{executed} cells");
}

/// What a caller of this kind is answered, with people and things of their own.
async fn cell(house: &House, row: &Row, caller: Caller, place: Place) -> String {
    let scene = Scene::set(house, caller, place).await;
    let body = (row.body)(&scene).await;
    scene.call(row.path, body).await
}

#[test]
fn no_row_lets_in_more_than_its_table_says() {
    for row in rows::all() {
        let table = method_policies::method_policies(QuotaMode::Enforced).find(|it| it.path == row.path).unwrap();
        for place in row.places {
            let answer = |caller| (row.answer)(caller, *place);
            let all = |which: fn(Caller) -> bool| Caller::ALL.into_iter().filter(move |caller| which(*caller));
            match table.access {
                RequiredAccess::Public => assert_ne!(answer(Caller::Nobody), "unauthenticated", "{}", row.path),
                RequiredAccess::Account | RequiredAccess::Member | RequiredAccess::ActiveMember | RequiredAccess::Moderator | RequiredAccess::Admin => {
                    all(Caller::is_nobody).for_each(|it| assert_eq!(answer(it), "unauthenticated", "{}", row.path));
                }
            }
            if matches!(table.access, RequiredAccess::Member | RequiredAccess::ActiveMember | RequiredAccess::Moderator | RequiredAccess::Admin) {
                assert_eq!(answer(Caller::Suspended), "permission_denied", "{}", row.path);
            }
            let less: fn(Caller) -> bool = match table.access {
                RequiredAccess::Public | RequiredAccess::Account | RequiredAccess::Member | RequiredAccess::ActiveMember => |_| false,
                RequiredAccess::Moderator => |caller| !caller.is_nobody() && !caller.is_staff(),
                RequiredAccess::Admin => |caller| !caller.is_nobody() && caller != Caller::Admin,
            };
            all(less).for_each(|it| assert_eq!(answer(it), "permission_denied", "{} by {it:?}", row.path));
        }
    }
}
