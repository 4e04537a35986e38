//! Registration while its feature flag is off.

use kith_auth::domain::ProfileInput;
use kith_kernel::{
    DomainError as _, ErrorKind,
    ports::{Feature, FeatureDisabled},
};
use kith_testkit::block_on;

use crate::harness::{email, password, phone, sqlite};

#[test]
fn while_registration_is_disabled_no_account_is_created_and_existing_accounts_can_log_in() {
    block_on(async {
        let harness = sqlite().await;
        let existing = harness.register_anonymous().await;
        harness.flags.disable(Feature::Registration);
        let anonymous = harness.auth.register_anonymous(None, ProfileInput::default(), &phone()).await;
        let with_email =
            harness.auth.register_with_email(None, &email(), &password(), ProfileInput::default(), &phone()).await;
        for error in [anonymous.unwrap_err(), with_email.unwrap_err()] {
            assert_eq!((error.kind(), error.reason()), (ErrorKind::FailedPrecondition, FeatureDisabled::REASON));
        }
        harness.auth.login_with_recovery_code(&existing.recovery_code.formatted(), &phone()).await.unwrap();
        harness.flags.enable(Feature::Registration);
        harness.register_anonymous().await;
    });
}
