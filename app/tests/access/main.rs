//! The access matrix: every method and every channel, called by every kind of caller over real HTTP. A method without a
//! row fails the test.
//!
//! | file | contents |
//! | --- | --- |
//! | here | execution of the cells and comparison with the expected results |
//! | `caller` | kinds of callers, and locations of content |
//! | `rows` | the expected result of each method for each caller |
//! | `channels` | the expected result of subscribing to each channel |
//! | `scenario` | accounts and content of the cells |
//! | `test_server` | a server with a manual clock, in either mode |
//! | `persona_unlinkability` | two personas of one account cannot be linked |
//! | `circle_closure` | a circle is closed by staff and reopened after an appeal |
//! | `moderation_day` | a moderator's queue of one day, through the whole application |
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a failed step fails the test")]
#![expect(clippy::print_stdout, reason = "the number of executed cells is printed")]

/// Runs a test in embedded mode and in cluster mode.
macro_rules! in_both_modes {
    ($($test:ident),+) => {$(
        mod $test {
            use crate::test_server::Mode;

            #[test]
            fn embedded() {
                kith_testkit::block_on(super::$test(Mode::Embedded));
            }

            #[test]
            fn cluster() {
                kith_testkit::block_on(super::$test(Mode::Cluster));
            }
        }
    )+};
}

mod caller;
mod channels;
mod circle_closure;
mod moderation_day;
mod persona_unlinkability;
mod rows;
mod scenario;
mod test_server;

use std::collections::BTreeSet;

use kith_app::wiring::{QuotaMode, method_policies};
use kith_kernel::RequiredAccess;

use crate::{
    caller::{Caller, Location},
    rows::{OK, PERMISSION_DENIED, Row, UNAUTHENTICATED},
    scenario::Scenario,
    test_server::{Mode, TestServer},
};

#[test]
fn every_method_has_exactly_one_policy_and_one_row() {
    let methods: BTreeSet<_> = kith_proto::METHODS.iter().map(|method| method.path).collect();
    let policies: BTreeSet<_> = method_policies(QuotaMode::Enforced).map(|policy| policy.path).collect();
    let rows: BTreeSet<_> = rows::all().map(|row| row.path).collect();
    assert_eq!(methods, policies, "method policies of the slices");
    assert_eq!(methods, rows, "rows of the matrix");
    let policy_count = method_policies(QuotaMode::Enforced).count();
    assert_eq!(policy_count, policies.len(), "duplicate method policy");
    assert_eq!(rows::all().count(), rows.len(), "duplicate row");
}

in_both_modes!(every_cell_has_the_expected_result);

async fn every_cell_has_the_expected_result(mode: Mode) {
    let server = TestServer::start(mode).await;
    let (mut failures, mut executed, mut scenarios) = (Vec::new(), 0_usize, 0_usize);
    for location in Location::ALL {
        for caller in Caller::ALL {
            let mut column = Column { server: &server, caller, location, shared: None, scenarios: 0 };
            for row in rows::all().filter(|row| row.locations.contains(&location)) {
                let (result, expected) = (column.execute(row).await, (row.expected)(caller, location));
                executed += 1;
                if result != expected {
                    failures.push(format!("{} {location:?} by {caller:?}: {result}, expected {expected}", row.path));
                }
            }
            scenarios += column.scenarios;
        }
    }
    assert!(failures.is_empty(), "{} of {executed} cells:\n{}", failures.len(), failures.join("\n"));
    println!("{executed} cells in {scenarios} scenarios");
}

/// Cells of one caller and one location.
///
/// Creating a scenario takes much longer than a call. Cells that cannot change the state share one: the method has no
/// side effects, or the call must fail. A cell that writes gets its own. After an unexpected result, the shared scenario
/// is discarded, because the call may have changed it.
struct Column<'a> {
    server: &'a TestServer,
    caller: Caller,
    location: Location,
    shared: Option<Scenario<'a>>,
    /// Number of scenarios created.
    scenarios: usize,
}

impl<'a> Column<'a> {
    async fn execute(&mut self, row: &Row) -> String {
        let expected = (row.expected)(self.caller, self.location);
        let is_read_only = row.method().safe || expected != OK;
        if !is_read_only {
            return execute(&self.create_scenario().await, row).await;
        }
        let scenario = match self.shared.take() {
            Some(scenario) => scenario,
            None => self.create_scenario().await,
        };
        let result = execute(&scenario, row).await;
        self.shared = (result == expected).then_some(scenario);
        result
    }

    async fn create_scenario(&mut self) -> Scenario<'a> {
        self.scenarios += 1;
        Scenario::create(self.server, self.caller, self.location).await
    }
}

async fn execute(scenario: &Scenario<'_>, row: &Row) -> String {
    let body = (row.body)(scenario).await;
    scenario.call(row.method(), body).await
}

#[test]
fn no_row_allows_more_than_its_method_policy() {
    for row in rows::all() {
        let policy = method_policies(QuotaMode::Enforced).find(|it| it.path == row.path).unwrap();
        for location in row.locations {
            let expected = |caller| (row.expected)(caller, *location);
            let callers =
                |predicate: fn(Caller) -> bool| Caller::ALL.into_iter().filter(move |caller| predicate(*caller));
            match policy.access {
                RequiredAccess::Public => assert_ne!(expected(Caller::Anonymous), UNAUTHENTICATED, "{}", row.path),
                RequiredAccess::Account
                | RequiredAccess::Member
                | RequiredAccess::ActiveMember
                | RequiredAccess::Moderator
                | RequiredAccess::Admin => {
                    callers(Caller::is_unauthenticated)
                        .for_each(|it| assert_eq!(expected(it), UNAUTHENTICATED, "{}", row.path));
                }
            }
            if matches!(
                policy.access,
                RequiredAccess::Member
                    | RequiredAccess::ActiveMember
                    | RequiredAccess::Moderator
                    | RequiredAccess::Admin
            ) {
                assert_eq!(expected(Caller::Suspended), PERMISSION_DENIED, "{}", row.path);
            }
            let lacks_role: fn(Caller) -> bool = match policy.access {
                RequiredAccess::Public
                | RequiredAccess::Account
                | RequiredAccess::Member
                | RequiredAccess::ActiveMember => |_| false,
                RequiredAccess::Moderator => |caller| !caller.is_unauthenticated() && !caller.is_staff(),
                RequiredAccess::Admin => |caller| !caller.is_unauthenticated() && caller != Caller::Admin,
            };
            callers(lacks_role).for_each(|it| assert_eq!(expected(it), PERMISSION_DENIED, "{} by {it:?}", row.path));
        }
    }
}
