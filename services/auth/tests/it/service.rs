//! Registration and login, with their errors.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version, password_hash::phc::PasswordHash};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_auth::{
    Error,
    adapters::CredentialLookupAdapter,
    domain::{Email, NewPassword, Password, ProfileInput},
};
use kith_kernel::{
    DomainError as _, ErrorKind, EventId, SystemEntropy, Timestamp, UserId,
    ports::{AccountDirectory as _, CredentialLookup as _, NewAccount},
};
use kith_testkit::block_on;
use uuid::Uuid;

use crate::harness::{PASSWORD, email, password, phone, sqlite};

fn with_handle(handle: &str) -> ProfileInput {
    ProfileInput { handle: Some(handle.to_owned()), avatar: None }
}

fn claimed_id() -> Uuid {
    EventId::new(Timestamp::from_millis(1), &SystemEntropy).uuid()
}

#[test]
fn a_recovery_code_logs_in_repeatedly_in_every_spelling() {
    block_on(async {
        let harness = sqlite().await;
        let registration = harness.auth.register_anonymous(None, with_handle("ann"), &phone()).await.unwrap();
        let owner = harness.actor_of(&registration.credentials).await.unwrap();
        assert_eq!((owner.persona, registration.persona.handle.as_str()), (registration.persona.id, "ann"));
        for typed in [
            registration.recovery_code.formatted(),
            registration.recovery_code.formatted().to_lowercase().replace('-', " "),
        ] {
            let credentials = harness.auth.login_with_recovery_code(&typed, &phone()).await.unwrap();
            assert_eq!(harness.actor_of(&credentials).await.unwrap().user, owner.user);
        }
        let other = harness.register_anonymous().await.recovery_code.formatted().replace(|c: char| c != '-', "A");
        for typed in ["", "nonsense", &other] {
            let error = harness.auth.login_with_recovery_code(typed, &phone()).await.unwrap_err();
            assert!(matches!(error, Error::InvalidCredentials), "{typed}");
        }
    });
}

#[test]
fn failed_logins_are_indistinguishable_by_error_and_by_work() {
    block_on(async {
        let harness = sqlite().await;
        let registration =
            harness.auth.register_with_email(None, &email(), &password(), with_handle("ann"), &phone()).await.unwrap();
        let owner = harness.actor_of(&registration.credentials).await.unwrap();
        let login = async |typed: &str, password: &str| {
            let before = harness.auth.passwords.operations();
            let result = harness.auth.login(typed, &Password::new(password), &phone()).await;
            assert_eq!(harness.auth.passwords.operations() - before, 1, "{typed}");
            result
        };
        let credentials = login(" Marianne@EXAMPLE.org", PASSWORD).await.unwrap();
        assert_eq!(harness.actor_of(&credentials).await.unwrap().user, owner.user);
        for (typed, password) in [
            ("marianne@example.org", "seven green kettle"),
            ("unknown@example.org", PASSWORD),
            ("not an address", PASSWORD),
        ] {
            let error = login(typed, password).await.unwrap_err();
            let observed = (error.kind(), error.reason(), error.field(), error.to_string());
            let message = "invalid credentials".to_owned();
            assert_eq!(observed, (ErrorKind::Unauthenticated, "INVALID_CREDENTIALS", None, message), "{typed}");
        }
    });
}

#[test]
fn password_throttling_applies_to_unknown_addresses_and_not_to_recovery_codes() {
    block_on(async {
        let harness = sqlite().await;
        let registration =
            harness.auth.register_with_email(None, &email(), &password(), with_handle("ann"), &phone()).await.unwrap();
        let login =
            async |typed: &str, password: &str| harness.auth.login(typed, &Password::new(password), &phone()).await;
        let mut observed = Vec::new();
        for typed in ["Marianne@example.org", "unknown@example.org", "not an address"] {
            for _ in 0..5 {
                assert!(matches!(login(typed, "seven green kettle").await, Err(Error::InvalidCredentials)), "{typed}");
            }
            let before = harness.auth.passwords.operations();
            let error = login(typed, PASSWORD).await.unwrap_err();
            assert_eq!(harness.auth.passwords.operations(), before, "no password is compared during the backoff");
            observed.push((error.kind(), error.reason(), error.retry_after(), error.to_string()));
        }
        let (kind, reason, wait, _) = observed[0].clone();
        assert_eq!(
            (kind, reason, wait),
            (ErrorKind::ResourceExhausted, "TOO_MANY_ATTEMPTS", Some(Duration::from_secs(1)))
        );
        assert!(observed.iter().all(|other| *other == observed[0]));
        harness.auth.login_with_recovery_code(&registration.recovery_code.formatted(), &phone()).await.unwrap();
        harness.clock.advance(Duration::from_secs(1));
        login("marianne@example.org", PASSWORD).await.unwrap();
        for _ in 0..5 {
            assert!(matches!(login("marianne@example.org", "another").await, Err(Error::InvalidCredentials)));
        }
    });
}

#[test]
fn attempts_rejected_for_lack_of_capacity_are_not_counted() {
    block_on(async {
        let harness = sqlite().await;
        let mut permits = Vec::new();
        for _ in 0..16 {
            permits.push(harness.auth.passwords.acquire().await.unwrap());
        }
        for _ in 0..6 {
            let result = harness.auth.login("marianne@example.org", &Password::new(PASSWORD), &phone()).await;
            assert!(matches!(result, Err(Error::LoginOverloaded)));
        }
        drop(permits);
        let result = harness.auth.login("marianne@example.org", &Password::new(PASSWORD), &phone()).await;
        assert!(matches!(result, Err(Error::InvalidCredentials)));
    });
}

#[test]
fn a_rejected_registration_does_not_reserve_the_handle() {
    block_on(async {
        let harness = sqlite().await;
        harness.auth.register_with_email(None, &email(), &password(), with_handle("ann"), &phone()).await.unwrap();
        let again = harness.auth.register_with_email(None, &email(), &password(), with_handle("bob"), &phone()).await;
        let error = again.unwrap_err();
        assert_eq!((error.kind(), error.reason()), (ErrorKind::AlreadyExists, "EMAIL_TAKEN"));
        assert_eq!((error.field(), harness.accounts.count()), (Some("email"), 1));
        for (handle, kind, reason) in
            [("ann", ErrorKind::AlreadyExists, "HANDLE_TAKEN"), ("a n", ErrorKind::InvalidArgument, "HANDLE_INVALID")]
        {
            let error = harness.auth.register_anonymous(None, with_handle(handle), &phone()).await.unwrap_err();
            assert_eq!((error.kind(), error.reason(), error.field()), (kind, reason, Some("handle")));
        }
        assert_eq!(harness.accounts.count(), 1);
    });
}

#[test]
fn one_of_two_concurrent_registrations_of_an_address_succeeds() {
    block_on(async {
        let harness = sqlite().await;
        let (address, password, device) = (email(), password(), phone());
        let register = || harness.auth.register_with_email(None, &address, &password, ProfileInput::default(), &device);
        let (one, other) = tokio::join!(register(), register());
        assert!(one.is_ok() != other.is_ok());
        assert!(matches!(one.err().or_else(|| other.err()), Some(Error::EmailTaken)));
    });
}

#[test]
fn a_repeated_registration_replaces_the_recovery_code_and_the_session() {
    block_on(async {
        let (harness, claimed) = (sqlite().await, Some(claimed_id()));
        let first = harness.auth.register_anonymous(claimed, with_handle("ann"), &phone()).await.unwrap();
        let owner = harness.actor_of(&first.credentials).await.unwrap();
        harness.clock.advance(Duration::from_mins(1));
        let again = harness.auth.register_anonymous(claimed, with_handle("ann"), &phone()).await.unwrap();
        assert_eq!(again.persona, first.persona);
        assert_eq!(harness.actor_of(&again.credentials).await.unwrap().user, owner.user);
        // The first code and the first session were not delivered to the client.
        assert_eq!(harness.actor_of(&first.credentials).await, None);
        assert!(harness.auth.login_with_recovery_code(&first.recovery_code.formatted(), &phone()).await.is_err());
        let credentials =
            harness.auth.login_with_recovery_code(&again.recovery_code.formatted(), &phone()).await.unwrap();
        assert_eq!(harness.actor_of(&credentials).await.unwrap().user, owner.user);
        assert_eq!(harness.accounts.count(), 1);
    });
}

#[test]
fn a_registration_interrupted_after_account_creation_is_completed_by_a_repeated_call() {
    block_on(async {
        let (harness, claimed) = (sqlite().await, Some(claimed_id()));
        let user = UserId::from_uuid(claimed.unwrap());
        let account = NewAccount { user, handle: Some("ann".to_owned()), avatar: None };
        let persona = harness.accounts.create(&account).await.unwrap();
        let registration = harness
            .auth
            .register_with_email(claimed, &email(), &password(), with_handle("ann"), &phone())
            .await
            .unwrap();
        assert_eq!(registration.persona, persona);
        let again = harness
            .auth
            .register_with_email(claimed, &email(), &password(), with_handle("ann"), &phone())
            .await
            .unwrap();
        assert_eq!(harness.actor_of(&again.credentials).await.unwrap().user, user);
        let other = Email::new("bob@example.org").unwrap();
        let refused =
            harness.auth.register_with_email(claimed, &other, &password(), with_handle("ann"), &phone()).await;
        assert!(matches!(refused, Err(Error::AlreadyRegistered)));
    });
}

#[test]
fn an_anonymous_account_is_upgraded_once_and_keeps_its_recovery_code() {
    block_on(async {
        let harness = sqlite().await;
        let credential_lookup = CredentialLookupAdapter { store: harness.store.clone() };
        let registration = harness.register_anonymous().await;
        let owner = harness.actor_of(&registration.credentials).await.unwrap();
        assert!(!credential_lookup.has_email(owner.user).await.unwrap());
        harness.auth.upgrade(&owner, &email(), &password()).await.unwrap();
        assert!(credential_lookup.has_email(owner.user).await.unwrap());
        let credentials = harness.auth.login("marianne@example.org", &Password::new(PASSWORD), &phone()).await.unwrap();
        assert_eq!(harness.actor_of(&credentials).await.unwrap().user, owner.user);
        assert!(harness.auth.login_with_recovery_code(&registration.recovery_code.formatted(), &phone()).await.is_ok());
        let error = harness.auth.upgrade(&owner, &email(), &password()).await.unwrap_err();
        assert_eq!((error.kind(), error.reason()), (ErrorKind::FailedPrecondition, "ALREADY_REGISTERED"));
        let other = harness.actor_of(&harness.register_anonymous().await.credentials).await.unwrap();
        assert!(matches!(harness.auth.upgrade(&other, &email(), &password()).await, Err(Error::EmailTaken)));
    });
}

#[test]
fn a_hash_with_old_parameters_is_replaced_at_the_next_login() {
    block_on(async {
        let harness = sqlite().await;
        harness.auth.register_with_email(None, &email(), &password(), with_handle("ann"), &phone()).await.unwrap();
        let index = harness.auth.encryption.blind_index("email", "marianne@example.org");
        let record = harness.store.find_by_email_index(&index).await.unwrap().unwrap();
        let outdated = Argon2::new(Algorithm::default(), Version::default(), Params::new(8, 1, 1, None).unwrap());
        let outdated: PasswordHash = outdated.hash_password_with_salt(PASSWORD.as_bytes(), &[1; 16]).unwrap();
        let outdated = outdated.to_string();
        assert!(harness.store.update_hash(record.account, &record.password_hash, &outdated).await.unwrap());
        harness.auth.login("marianne@example.org", &Password::new(PASSWORD), &phone()).await.unwrap();
        let record = harness.store.find_by_email_index(&index).await.unwrap().unwrap();
        assert!(record.password_hash.contains("m=19456,t=2,p=1"));
    });
}

#[test]
fn no_secret_is_readable_in_the_database_file() {
    block_on(async {
        let harness = sqlite().await;
        let device = kith_auth::domain::Device::new("the telephone of Marianne");
        let new_password = NewPassword::new("twelve loud samovars", &email()).unwrap();
        let registration =
            harness.auth.register_with_email(None, &email(), &new_password, with_handle("ann"), &device).await.unwrap();
        let rotated = harness.auth.refresh(&registration.credentials.refresh).await.unwrap();
        let (file,): (String,) = sqlx::query_as("SELECT file FROM pragma_database_list WHERE name = 'main'")
            .fetch_one(harness.sqlite_database().unwrap().reader())
            .await
            .unwrap();
        let mut bytes = std::fs::read(&file).unwrap();
        bytes.extend(std::fs::read(format!("{file}-wal")).unwrap());
        let contains = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(contains(b"$argon2id$"), "the bytes include the latest writes");
        let mut secrets: Vec<Vec<u8>> = ["marianne", "Marianne", "example.org", "samovars", "telephone"]
            .map(|text| text.as_bytes().to_vec())
            .to_vec();
        secrets.extend([
            registration.recovery_code.formatted().into_bytes(),
            registration.recovery_code.expose().as_bytes().to_vec(),
        ]);
        for credentials in [&registration.credentials, &rotated] {
            secrets.push(credentials.access.clone().into_bytes());
            secrets.push(credentials.refresh.clone().into_bytes());
            let refresh = URL_SAFE_NO_PAD.decode(&credentials.refresh).unwrap();
            secrets.extend([refresh[16..48].to_vec(), refresh[48..].to_vec()]);
        }
        for secret in secrets {
            assert!(!contains(&secret), "{}", String::from_utf8_lossy(&secret));
        }
        assert_eq!(format!("{registration:?} {rotated:?}"), "Registration(..) Credentials(..)");
    });
}
