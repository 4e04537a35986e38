//! Risk score, which orders the queue.
//!
//! Reports are not votes. Reporters who repeatedly report the same subjects, and all reporters with low accuracy, form
//! a group that counts as one report, the strongest of the group. The strongest group counts in full, the next one
//! half, the next one a quarter, so all groups together count less than twice the strongest. When the records of
//! reporters change, the risk of their open cases is computed again.

use std::{collections::BTreeMap, time::Duration};

use kith_kernel::{Timestamp, UserId};

use crate::domain::{Accuracy, Case, CaseState, Origin, Reason, ReporterRecord, RiskInputs};

/// Minimum number of decided reports for an accuracy.
const MIN_DECIDED: u32 = 3;
/// Minimum number of other cases that two users must have reported in common to count as colluding. Two can be chance,
/// because all their reports are counted, including later ones.
const COLLUSION_THRESHOLD: u32 = 3;
/// Base risk of a case with crisis language. No combination of reports exceeds it.
const CRISIS_RISK: u32 = 200;
/// Base risk of a case with held content, because its author waits for publication.
const SCREEN_HOLD_RISK: u32 = 40;

/// Report with the record of its reporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightedReport {
    pub reporter: UserId,
    pub reason: Reason,
    pub record: ReporterRecord,
}

/// Returns the accuracy of a reporter.
#[must_use]
pub const fn accuracy(record: ReporterRecord) -> Accuracy {
    let decided = record.action_taken.saturating_add(record.dismissed);
    let correct = record.action_taken.saturating_mul(100);
    if decided < MIN_DECIDED {
        Accuracy::New
    } else if correct >= decided.saturating_mul(80) {
        Accuracy::High
    } else if correct >= decided.saturating_mul(40) {
        Accuracy::Medium
    } else {
        Accuracy::Low
    }
}

/// Returns the severity of a reason, from 15 to 100.
#[must_use]
pub const fn severity(reason: Reason) -> u32 {
    match reason {
        Reason::MinorAtRisk => 100,
        Reason::Threat => 95,
        Reason::Doxxing => 90,
        Reason::SelfHarm => 85,
        Reason::Sexual => 60,
        Reason::Substances => 55,
        Reason::Harassment => 50,
        Reason::Scam => 45,
        Reason::Spam => 20,
        Reason::Other => 15,
    }
}

/// Returns the weight of a single report: severity scaled by the accuracy of the reporter.
const fn report_weight(report: &WeightedReport) -> u32 {
    let credibility = match accuracy(report.record) {
        Accuracy::Low => 10,
        Accuracy::New => 50,
        Accuracy::Medium => 75,
        Accuracy::High => 100,
    };
    severity(report.reason).saturating_mul(credibility).div_euclid(100)
}

/// Computes the risk score of a case.
///
/// `shared_cases` contains, for pairs of reporters, the number of other cases that both reported without action taken.
/// `strikes` is the weight of the active strikes of the affected account. `reach` is the number of context items of the
/// subject.
#[must_use]
pub fn risk(
    origin: Origin,
    reports: &[WeightedReport],
    shared_cases: &[(UserId, UserId, u32)],
    strikes: u32,
    reach: u32,
) -> u32 {
    let mut weights: Vec<u32> = group_reports(reports, shared_cases).into_values().collect();
    weights.sort_unstable_by(|one, other| other.cmp(one));
    let mut divisor = 1_u32;
    let mut reported = 0_u32;
    for weight in weights {
        reported = reported.saturating_add(weight.checked_div(divisor).unwrap_or(0));
        divisor = divisor.saturating_mul(2);
    }
    let base = match origin {
        Origin::Report => 0,
        Origin::Crisis => CRISIS_RISK,
        Origin::Screen => SCREEN_HOLD_RISK,
    };
    let strike_risk = strikes.saturating_mul(8).min(40);
    base.max(reported).saturating_add(strike_risk).saturating_add(reach.min(20))
}

/// Groups the reports. Each group is identified by its smallest account id and has the weight of its strongest report.
fn group_reports(reports: &[WeightedReport], shared_cases: &[(UserId, UserId, u32)]) -> BTreeMap<UserId, u32> {
    let mut group_of: BTreeMap<UserId, UserId> =
        reports.iter().map(|report| (report.reporter, report.reporter)).collect();
    // All reporters with low accuracy form one group.
    let mut inaccurate = reports.iter().filter(|report| accuracy(report.record) == Accuracy::Low);
    let first = inaccurate.next().map(|report| report.reporter);
    let inaccurate_pairs = inaccurate.filter_map(|report| first.map(|first| (first, report.reporter)));
    let colluding_pairs =
        shared_cases.iter().filter(|(_, _, times)| *times >= COLLUSION_THRESHOLD).map(|(one, other, _)| (*one, *other));
    for (one, other) in colluding_pairs.chain(inaccurate_pairs) {
        let (Some(&one), Some(&other)) = (group_of.get(&one), group_of.get(&other)) else { continue };
        for name in group_of.values_mut().filter(|name| **name == one || **name == other) {
            *name = one.min(other);
        }
    }
    let mut strongest: BTreeMap<UserId, u32> = BTreeMap::new();
    for report in reports {
        let Some(name) = group_of.get(&report.reporter) else { continue };
        let weight = report_weight(report);
        strongest.entry(*name).and_modify(|best| *best = weight.max(*best)).or_insert(weight);
    }
    strongest
}

/// Computes the risk and the due time of an open case again. The due time never becomes later. The version does not
/// change, because a decision does not depend on the risk. A case that is not open keeps its risk.
#[must_use]
pub fn update_risk(case: &Case, inputs: &RiskInputs, now: Timestamp) -> Case {
    if case.state != CaseState::Open {
        return case.clone();
    }
    let reports: Vec<WeightedReport> = inputs
        .reports
        .iter()
        .map(|(reporter, reason)| WeightedReport {
            reporter: *reporter,
            reason: *reason,
            record: inputs.records.get(reporter).copied().unwrap_or_default(),
        })
        .collect();
    let risk = risk(case.origin, &reports, &inputs.shared_cases, inputs.strikes, case.reach);
    Case { risk, due_at: case.due_at.min(due_time(risk, now)), ..case.clone() }
}

/// Returns the time by which a case of this risk should be decided: 1, 8 or 24 hours after `since`.
#[must_use]
pub fn due_time(risk: u32, since: Timestamp) -> Timestamp {
    let hours = match risk {
        80.. => 1,
        40..80 => 8,
        0..40 => 24,
    };
    since.after(Duration::from_hours(hours))
}
