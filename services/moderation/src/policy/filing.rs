//! Merging of reports into cases.

use crate::{
    domain::{Case, Decision, FilingOutcome, FilingResult, FilingState, NewFiling, Origin, Reason, Report},
    policy::update_risk,
};

/// Files a report or an automatic case.
///
/// The filing is merged into the open case of its subject, or opens its own. The hold, if any, applies unless the case
/// is already hidden. A repeated report or event changes nothing and returns the earlier report.
#[must_use]
pub fn file(filing: &NewFiling, state: &FilingState) -> FilingResult {
    if let Some(duplicate) = find_duplicate(filing, state) {
        return duplicate;
    }
    let outcome = if state.open_case.is_some() { FilingOutcome::Merged } else { FilingOutcome::Opened };
    let mut case = state.open_case.clone().unwrap_or_else(|| filing.case.clone());
    case.reach = filing.case.reach;
    let mut risk = state.risk.clone();
    let report = filing.report.as_ref().map(|report| Report { case: case.id, ..report.clone() });
    if let Some(report) = &report {
        case.report_count = case.report_count.saturating_add(1);
        add_reason(&mut case, report.reason, outcome);
        risk.reports.push((report.reporter, report.reason));
    }
    if filing.case.origin == Origin::Crisis {
        case.origin = Origin::Crisis;
    }
    let hold = filing.hold.as_ref().filter(|_| case.hidden_at.is_none());
    let hold = hold.map(|hold| Decision { case: case.id, ..hold.clone() });
    if let Some(hold) = &hold {
        case.hidden_at = Some(hold.at);
        case.version = case.version.saturating_add(1);
    }
    FilingResult { case: update_risk(&case, &risk, filing.evidence.at), report, outcome, hold }
}

fn find_duplicate(filing: &NewFiling, state: &FilingState) -> Option<FilingResult> {
    let (report, case) = match &state.earlier_report {
        _ if state.is_event_filed => (None, state.open_case.as_ref().unwrap_or(&filing.case)),
        Some((report, case)) => (Some(report.clone()), case),
        None => return None,
    };
    Some(FilingResult { case: case.clone(), report, outcome: FilingOutcome::Duplicate, hold: None })
}

/// Adds a reason. A new reason in an open case increments the version, because a decision depends on the reasons.
fn add_reason(case: &mut Case, reason: Reason, outcome: FilingOutcome) {
    if case.reasons.contains(&reason) {
        return;
    }
    case.reasons.push(reason);
    case.reasons.sort_unstable();
    if outcome == FilingOutcome::Merged {
        case.version = case.version.saturating_add(1);
    }
}
