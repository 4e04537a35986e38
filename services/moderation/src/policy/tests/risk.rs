//! Risk score and automatic hiding.

use kith_kernel::UserId;
use proptest::prelude::*;

use super::{NOW, user};
use crate::{
    domain::{Accuracy, EvidenceSnapshot, Origin, Reason, ReporterRecord},
    policy::{WeightedReport, accuracy, risk, severity, should_hide, text_supports_reason},
};

const ACCURATE: ReporterRecord = ReporterRecord { action_taken: 9, dismissed: 1 };
const INACCURATE: ReporterRecord = ReporterRecord { action_taken: 0, dismissed: 9 };
const NEW: ReporterRecord = ReporterRecord { action_taken: 0, dismissed: 0 };

fn weighted(number: u128, reason: Reason, record: ReporterRecord) -> WeightedReport {
    WeightedReport { reporter: user(number), reason, record }
}

fn report_risk(reports: &[WeightedReport], shared_cases: &[(UserId, UserId, u32)]) -> u32 {
    risk(Origin::Report, reports, shared_cases, 0, 0)
}

#[test]
fn one_accurate_reporter_outweighs_many_inaccurate_ones() {
    let crowd: Vec<WeightedReport> = (0..50).map(|number| weighted(number, Reason::Threat, INACCURATE)).collect();
    assert!(report_risk(&crowd, &[]) < report_risk(&[weighted(99, Reason::Spam, ACCURATE)], &[]));
    assert_eq!(report_risk(&crowd, &[]), report_risk(&crowd[..1], &[]));
}

#[test]
fn colluding_reporters_count_as_one() {
    let crowd: Vec<WeightedReport> = (0..8).map(|number| weighted(number, Reason::Threat, NEW)).collect();
    let pairs: Vec<_> = (1..8).map(|number| (user(number - 1), user(number), 3)).collect();
    assert_eq!(report_risk(&crowd, &pairs), report_risk(&crowd[..1], &[]));
    let strangers: Vec<_> = (1..8).map(|number| (user(number - 1), user(number), 2)).collect();
    assert!(report_risk(&crowd, &strangers) > report_risk(&crowd[..1], &[]));
}

#[test]
fn severity_orders_reasons_and_crisis_comes_first() {
    for pair in Reason::ALL.windows(2) {
        assert!(severity(pair[0]) >= severity(pair[1]), "{pair:?}");
    }
    let many: Vec<WeightedReport> = (0..40).map(|number| weighted(number, Reason::MinorAtRisk, ACCURATE)).collect();
    assert!(risk(Origin::Crisis, &[], &[], 0, 0) >= report_risk(&many, &[]));
    assert!(risk(Origin::Report, &many[..1], &[], 3, 0) > report_risk(&many[..1], &[]), "strikes count");
    assert!(risk(Origin::Report, &many[..1], &[], 0, 9) > report_risk(&many[..1], &[]), "reach counts");
}

#[test]
fn accuracy_requires_three_decided_reports() {
    let of = |action_taken, dismissed| accuracy(ReporterRecord { action_taken, dismissed });
    assert_eq!([of(0, 2), of(2, 0)], [Accuracy::New; 2]);
    assert_eq!([of(0, 3), of(1, 2)], [Accuracy::Low; 2]);
    assert_eq!([of(2, 3), of(3, 1)], [Accuracy::Medium; 2]);
    assert_eq!([of(3, 0), of(4, 1)], [Accuracy::High; 2]);
}

proptest! {
    #[test]
    fn all_reports_together_count_less_than_twice_the_strongest(
        records in prop::collection::vec((0_u32..20, 0_u32..20, 0_usize..10), 1..60)
    ) {
        let reports: Vec<WeightedReport> = (0..).zip(records).map(|(number, (action_taken, dismissed, reason))| {
            weighted(number, Reason::ALL[reason], ReporterRecord { action_taken, dismissed })
        }).collect();
        let strongest = reports.iter().map(|report| report_risk(std::slice::from_ref(report), &[])).max().unwrap();
        let all = report_risk(&reports, &[]);
        prop_assert!(all >= strongest && all <= strongest * 2, "{all} of {strongest}");
    }
}

#[test]
fn a_text_supports_only_matching_reasons() {
    let doxxing = [
        "call her at (555) 012-3456",
        "write to maria.weber@mail.example",
        "he's at 12 Elm Street",
        "12 Old Mill Road, second floor",
        "wohnt in der Lindenstraße 14",
        "her real name is Maria",
        "call her at \u{ff15}\u{ff15}\u{ff15} \u{ff10}\u{ff11}\u{ff12} \u{ff13}\u{ff14}\u{ff15}\u{ff16}",
        "12 \u{415}lm \u{405}tr\u{435}et",
        "her re\u{200b}al na\u{ad}me is Maria",
    ];
    for text in doxxing {
        assert!(text_supports_reason(Reason::Doxxing, text), "{text}");
    }
    for text in
        ["I am on day 12", "I walked 3 miles down the road", "100 days, 2 relapses", "my @ is nobody's business"]
    {
        assert!(!text_supports_reason(Reason::Doxxing, text), "{text}");
    }
    for text in ["I will find you", "gonna kill you all", "I'm going to hurt you badly", "we know where you live"] {
        assert!(text_supports_reason(Reason::Threat, text), "{text}");
    }
    let harmless = ["I want to die", "I will kill myself tonight", "this will not kill you", "I wish I could find you"];
    for text in harmless.iter().filter(|text| !text.contains("not")) {
        assert!(!text_supports_reason(Reason::Threat, text), "{text}");
    }
    assert!(text_supports_reason(Reason::MinorAtRisk, "I'm 14 and nobody knows"));
    assert!(text_supports_reason(Reason::MinorAtRisk, "she is 15 years old"));
    assert!(!text_supports_reason(Reason::MinorAtRisk, "I'm 34, sober for 3 months"));
    assert!(!text_supports_reason(Reason::Spam, "call her at 555 012 3456"));
}

#[test]
fn an_inaccurate_reporter_can_hide_only_doxxing() {
    let snapshot = |text: &str| EvidenceSnapshot { at: NOW, text: text.into(), revisions: vec![], context: vec![] };
    assert!(should_hide(Reason::Doxxing, Accuracy::Low, &snapshot("12 Elm Street")));
    assert!(!should_hide(Reason::Threat, Accuracy::Low, &snapshot("I will kill you")));
    assert!(should_hide(Reason::Threat, Accuracy::New, &snapshot("I will kill you")));
}
