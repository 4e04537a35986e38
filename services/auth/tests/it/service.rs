//! Coming in, and what is refused.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version, password_hash::phc::PasswordHash};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_auth::{
    Error, IdentityReader,
    domain::{Appearance, Email, NewPassword, Password},
};
use kith_kernel::{
    DomainError as _, ErrorKind, EventId, SystemEntropy, Timestamp, UserId,
    ports::{AccountDirectory as _, CredentialLookup as _, NewAccount},
};
use kith_testkit::block_on;
use uuid::Uuid;

use crate::harness::{PASSWORD, email, password, phone, sqlite};

fn called(handle: &str) -> Appearance {
    Appearance { handle: Some(handle.to_owned()), avatar: None }
}

fn claim() -> Uuid {
    EventId::new(Timestamp::from_millis(1), &SystemEntropy).uuid()
}

#[test]
fn somebody_without_an_address_comes_in_and_comes_back_by_their_code_as_often_as_they_like() {
    block_on(async {
        let harness = sqlite().await;
        let welcome = harness.auth.register_anonymous(None, called("ann"), &phone()).await.unwrap();
        let owner = harness.whose(&welcome.credentials).await.unwrap();
        assert_eq!((owner.persona, welcome.persona.handle.as_str()), (welcome.persona.id, "ann"));
        for typed in [welcome.recovery.shown(), welcome.recovery.shown().to_lowercase().replace('-', " ")] {
            let back = harness.auth.login_with_recovery_code(&typed, &phone()).await.unwrap();
            assert_eq!(harness.whose(&back).await.unwrap().user, owner.user);
        }
        let other = harness.anonymous().await.recovery.shown().replace(|c: char| c != '-', "A");
        for typed in ["", "nonsense", &other] {
            let refusal = harness.auth.login_with_recovery_code(typed, &phone()).await.unwrap_err();
            assert!(matches!(refusal, Error::CredentialsWrong), "{typed}");
        }
    });
}

#[test]
fn an_address_and_its_password_enter_and_everything_else_is_the_same_refusal_after_the_same_work() {
    block_on(async {
        let harness = sqlite().await;
        let welcome =
            harness.auth.register_with_email(None, &email(), &password(), called("ann"), &phone()).await.unwrap();
        let owner = harness.whose(&welcome.credentials).await.unwrap();
        let login = async |typed: &str, password: &str| {
            let before = harness.auth.passwords.work();
            let answer = harness.auth.login(typed, &Password::new(password), &phone()).await;
            assert_eq!(harness.auth.passwords.work() - before, 1, "{typed}");
            answer
        };
        let back = login(" Marianne@EXAMPLE.org", PASSWORD).await.unwrap();
        assert_eq!(harness.whose(&back).await.unwrap().user, owner.user);
        for (typed, password) in [
            ("marianne@example.org", "seven green kettle"),
            ("nobody@example.org", PASSWORD),
            ("not an address", PASSWORD),
        ] {
            let refusal = login(typed, password).await.unwrap_err();
            let told = (refusal.kind(), refusal.reason(), refusal.field(), refusal.to_string());
            let words = "these credentials enter no account".to_owned();
            assert_eq!(told, (ErrorKind::Unauthenticated, "CREDENTIALS_WRONG", None, words), "{typed}");
        }
    });
}

#[test]
fn who_keeps_failing_has_to_wait_whoever_the_address_belongs_to_and_a_recovery_code_enters_all_the_same() {
    block_on(async {
        let harness = sqlite().await;
        let welcome =
            harness.auth.register_with_email(None, &email(), &password(), called("ann"), &phone()).await.unwrap();
        let login =
            async |typed: &str, password: &str| harness.auth.login(typed, &Password::new(password), &phone()).await;
        let mut told = Vec::new();
        for typed in ["Marianne@example.org", "nobody@example.org", "not an address"] {
            for _ in 0..5 {
                assert!(matches!(login(typed, "seven green kettle").await, Err(Error::CredentialsWrong)), "{typed}");
            }
            let before = harness.auth.passwords.work();
            let refusal = login(typed, PASSWORD).await.unwrap_err();
            assert_eq!(harness.auth.passwords.work(), before, "nothing is guessed while one waits");
            told.push((refusal.kind(), refusal.reason(), refusal.retry_after(), refusal.to_string()));
        }
        let (kind, reason, wait, _) = told[0].clone();
        assert_eq!(
            (kind, reason, wait),
            (ErrorKind::ResourceExhausted, "TOO_MANY_ATTEMPTS", Some(Duration::from_secs(1)))
        );
        assert!(told.iter().all(|other| *other == told[0]));
        harness.auth.login_with_recovery_code(&welcome.recovery.shown(), &phone()).await.unwrap();
        harness.clock.advance(Duration::from_secs(1));
        login("marianne@example.org", PASSWORD).await.unwrap();
        for _ in 0..5 {
            assert!(matches!(login("marianne@example.org", "another").await, Err(Error::CredentialsWrong)));
        }
    });
}

#[test]
fn who_finds_no_core_free_has_not_failed() {
    block_on(async {
        let harness = sqlite().await;
        let mut turns = Vec::new();
        for _ in 0..16 {
            turns.push(harness.auth.passwords.turn().await.unwrap());
        }
        for _ in 0..6 {
            let answer = harness.auth.login("marianne@example.org", &Password::new(PASSWORD), &phone()).await;
            assert!(matches!(answer, Err(Error::Busy)));
        }
        drop(turns);
        let answer = harness.auth.login("marianne@example.org", &Password::new(PASSWORD), &phone()).await;
        assert!(matches!(answer, Err(Error::CredentialsWrong)));
    });
}

#[test]
fn a_refused_registration_takes_no_handle() {
    block_on(async {
        let harness = sqlite().await;
        harness.auth.register_with_email(None, &email(), &password(), called("ann"), &phone()).await.unwrap();
        let again = harness.auth.register_with_email(None, &email(), &password(), called("bob"), &phone()).await;
        let refusal = again.unwrap_err();
        assert_eq!((refusal.kind(), refusal.reason()), (ErrorKind::AlreadyExists, "EMAIL_TAKEN"));
        assert_eq!((refusal.field(), harness.accounts.population()), (Some("email"), 1));
        for (handle, kind, reason) in
            [("ann", ErrorKind::AlreadyExists, "HANDLE_TAKEN"), ("a n", ErrorKind::InvalidArgument, "HANDLE_INVALID")]
        {
            let refusal = harness.auth.register_anonymous(None, called(handle), &phone()).await.unwrap_err();
            assert_eq!((refusal.kind(), refusal.reason(), refusal.field()), (kind, reason, Some("handle")));
        }
        assert_eq!(harness.accounts.population(), 1);
    });
}

#[test]
fn of_two_who_register_one_address_at_once_one_does() {
    block_on(async {
        let harness = sqlite().await;
        let (address, password, device) = (email(), password(), phone());
        let register = || harness.auth.register_with_email(None, &address, &password, Appearance::default(), &device);
        let (one, other) = tokio::join!(register(), register());
        assert!(one.is_ok() != other.is_ok());
        assert!(matches!(one.err().or_else(|| other.err()), Some(Error::EmailTaken)));
    });
}

#[test]
fn a_repeated_registration_finishes_what_was_begun() {
    block_on(async {
        let (harness, claimed) = (sqlite().await, Some(claim()));
        let first = harness.auth.register_anonymous(claimed, called("ann"), &phone()).await.unwrap();
        let owner = harness.whose(&first.credentials).await.unwrap();
        harness.clock.advance(Duration::from_mins(1));
        let again = harness.auth.register_anonymous(claimed, called("ann"), &phone()).await.unwrap();
        assert_eq!(again.persona, first.persona);
        assert_eq!(harness.whose(&again.credentials).await.unwrap().user, owner.user);
        // Nobody was told of the first code and the first session.
        assert_eq!(harness.whose(&first.credentials).await, None);
        assert!(harness.auth.login_with_recovery_code(&first.recovery.shown(), &phone()).await.is_err());
        let back = harness.auth.login_with_recovery_code(&again.recovery.shown(), &phone()).await.unwrap();
        assert_eq!(harness.whose(&back).await.unwrap().user, owner.user);
        assert_eq!(harness.accounts.population(), 1);
    });
}

#[test]
fn a_registration_that_broke_off_after_the_account_was_opened_is_finished_by_its_repetition() {
    block_on(async {
        let (harness, claimed) = (sqlite().await, Some(claim()));
        let user = UserId::from_uuid(claimed.unwrap());
        let account = NewAccount { user, handle: Some("ann".to_owned()), avatar: None };
        let persona = harness.accounts.create(&account).await.unwrap();
        let welcome =
            harness.auth.register_with_email(claimed, &email(), &password(), called("ann"), &phone()).await.unwrap();
        assert_eq!(welcome.persona, persona);
        let again =
            harness.auth.register_with_email(claimed, &email(), &password(), called("ann"), &phone()).await.unwrap();
        assert_eq!(harness.whose(&again.credentials).await.unwrap().user, user);
        let other = Email::new("bob@example.org").unwrap();
        let refused = harness.auth.register_with_email(claimed, &other, &password(), called("ann"), &phone()).await;
        assert!(matches!(refused, Err(Error::AlreadyRegistered)));
    });
}

#[test]
fn an_anonymous_account_gets_an_address_once_and_keeps_what_it_has() {
    block_on(async {
        let harness = sqlite().await;
        let identities = IdentityReader { store: harness.store.clone() };
        let welcome = harness.anonymous().await;
        let owner = harness.whose(&welcome.credentials).await.unwrap();
        assert!(!identities.has_email(owner.user).await.unwrap());
        harness.auth.upgrade(&owner, &email(), &password()).await.unwrap();
        assert!(identities.has_email(owner.user).await.unwrap());
        let back = harness.auth.login("marianne@example.org", &Password::new(PASSWORD), &phone()).await.unwrap();
        assert_eq!(harness.whose(&back).await.unwrap().user, owner.user);
        assert!(harness.auth.login_with_recovery_code(&welcome.recovery.shown(), &phone()).await.is_ok());
        let refusal = harness.auth.upgrade(&owner, &email(), &password()).await.unwrap_err();
        assert_eq!((refusal.kind(), refusal.reason()), (ErrorKind::FailedPrecondition, "ALREADY_REGISTERED"));
        let other = harness.whose(&harness.anonymous().await.credentials).await.unwrap();
        assert!(matches!(harness.auth.upgrade(&other, &email(), &password()).await, Err(Error::EmailTaken)));
    });
}

#[test]
fn a_password_that_was_hashed_in_a_former_way_is_hashed_again_at_the_next_login() {
    block_on(async {
        let harness = sqlite().await;
        harness.auth.register_with_email(None, &email(), &password(), called("ann"), &phone()).await.unwrap();
        let index = harness.auth.vault.blind_index("email", "marianne@example.org");
        let entry = harness.store.by_email(&index).await.unwrap().unwrap();
        let former = Argon2::new(Algorithm::default(), Version::default(), Params::new(8, 1, 1, None).unwrap());
        let former: PasswordHash = former.hash_password_with_salt(PASSWORD.as_bytes(), &[1; 16]).unwrap();
        let former = former.to_string();
        assert!(harness.store.rehash(entry.account, &entry.password, &former).await.unwrap());
        harness.auth.login("marianne@example.org", &Password::new(PASSWORD), &phone()).await.unwrap();
        let entry = harness.store.by_email(&index).await.unwrap().unwrap();
        assert!(entry.password.contains("m=19456,t=2,p=1"));
    });
}

#[test]
fn nothing_that_enters_an_account_can_be_read_in_the_database() {
    block_on(async {
        let harness = sqlite().await;
        let device = kith_auth::domain::Device::new("the telephone of Marianne");
        let chosen = NewPassword::new("twelve loud samovars", &email()).unwrap();
        let welcome = harness.auth.register_with_email(None, &email(), &chosen, called("ann"), &device).await.unwrap();
        let traded = harness.auth.refresh(&welcome.credentials.refresh).await.unwrap();
        let (file,): (String,) = sqlx::query_as("SELECT file FROM pragma_database_list WHERE name = 'main'")
            .fetch_one(harness.file().unwrap().reader())
            .await
            .unwrap();
        let mut bytes = std::fs::read(&file).unwrap();
        bytes.extend(std::fs::read(format!("{file}-wal")).unwrap());
        let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(holds(b"$argon2id$"), "what was written is in these bytes");
        let mut secrets: Vec<Vec<u8>> = ["marianne", "Marianne", "example.org", "samovars", "telephone"]
            .map(|text| text.as_bytes().to_vec())
            .to_vec();
        secrets.extend([welcome.recovery.shown().into_bytes(), welcome.recovery.reveal().as_bytes().to_vec()]);
        for credentials in [&welcome.credentials, &traded] {
            secrets.push(credentials.access.clone().into_bytes());
            secrets.push(credentials.refresh.clone().into_bytes());
            let refresh = URL_SAFE_NO_PAD.decode(&credentials.refresh).unwrap();
            secrets.extend([refresh[16..48].to_vec(), refresh[48..].to_vec()]);
        }
        for secret in secrets {
            assert!(!holds(&secret), "{}", String::from_utf8_lossy(&secret));
        }
        assert_eq!(format!("{welcome:?} {traded:?}"), "Welcome(..) Credentials(..)");
    });
}
