//! Encryption secrets of an installation. In development, missing secrets are generated once and stored.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use kith_kernel::Entropy;

use super::{keys::Secrets, secret::Secret, value::ScalarValue as _};

/// Resolved secrets of a community.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedSecrets {
    /// Encrypts new data.
    pub current: Secret,
    /// Former values of `current`, newest first.
    pub previous: Vec<Secret>,
    /// Key of the blind index for look-ups by e-mail.
    pub blind_index: Secret,
}

/// Returns the configured secrets, or `None` if one is missing. In production validation requires all of them.
#[must_use]
pub fn configured(secrets: &Secrets) -> Option<ResolvedSecrets> {
    let (current, blind_index) = (secrets.current.clone()?, secrets.blind_index.clone()?);
    Some(ResolvedSecrets { current, previous: secrets.previous.to_vec(), blind_index })
}

/// Returns the configured secrets, completed by those of the data folder, which are generated if they do not exist.
///
/// # Errors
/// See [`load_or_create`].
pub fn configured_or_stored(
    secrets: &Secrets,
    folder: &Path,
    entropy: &dyn Entropy,
) -> Result<ResolvedSecrets, SecretsFileError> {
    if let Some(configured) = configured(secrets) {
        return Ok(configured);
    }
    let stored = load_or_create(folder, entropy)?;
    Ok(ResolvedSecrets {
        current: secrets.current.clone().unwrap_or(stored.current),
        previous: secrets.previous.to_vec(),
        blind_index: secrets.blind_index.clone().unwrap_or(stored.blind_index),
    })
}

/// Error of the secrets file.
#[derive(Debug, thiserror::Error)]
pub enum SecretsFileError {
    #[error("failed to read or write {path}", path = .0.display())]
    Io(PathBuf, #[source] io::Error),
    #[error("{path} must contain `current` and `blind_index`, 32 bytes each", path = .0.display())]
    Malformed(PathBuf),
    /// Group or other users can read the file.
    #[error("{path} must not be readable by other users; run `chmod 600`", path = .0.display())]
    Permissions(PathBuf),
}

/// Path of the secrets file in a data folder.
#[must_use]
pub fn file_in(folder: &Path) -> PathBuf {
    folder.join("secrets.toml")
}

/// Loads the secrets of the data folder. The first call generates them in a file that only the owner can read.
///
/// Concurrent processes get the same secrets: the file is created atomically and never replaced.
///
/// # Errors
/// [`SecretsFileError`]. A malformed file is not replaced, because the data that its secrets encrypted would be lost.
pub fn load_or_create(folder: &Path, entropy: &dyn Entropy) -> Result<ResolvedSecrets, SecretsFileError> {
    let path = file_in(folder);
    if !path.exists() {
        create(folder, &path, entropy).map_err(|error| SecretsFileError::Io(path.clone(), error))?;
    }
    load(&path)
}

fn create(folder: &Path, path: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let [current, blind_index] = [entropy.secret(), entropy.secret()].map(|secret| STANDARD.encode(secret));
    let text = format!(
        "# Generated at the first start. These secrets encrypt the database: keep them with its backups.\n\
         current = \"{current}\"\nblind_index = \"{blind_index}\"\n"
    );
    let mut suffix = [0; 8];
    entropy.fill(&mut suffix);
    let draft = folder.join(format!(".secrets.{:016x}", u64::from_be_bytes(suffix)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // Unlike a rename, a link fails if the file exists.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => File::open(folder)?.sync_all(),
    }
}

/// Loads a secrets file.
///
/// # Errors
/// [`SecretsFileError`].
pub fn load(path: &Path) -> Result<ResolvedSecrets, SecretsFileError> {
    let io = |error| SecretsFileError::Io(path.to_owned(), error);
    if fs::metadata(path).map_err(io)?.permissions().mode() & 0o077 != 0 {
        return Err(SecretsFileError::Permissions(path.to_owned()));
    }
    let text = fs::read_to_string(path).map_err(io)?;
    let malformed = || SecretsFileError::Malformed(path.to_owned());
    let table: toml::Table = text.parse().map_err(|_| malformed())?;
    let secret = |name: &str| table.get(name)?.as_str().and_then(|text| Secret::parse(text).ok());
    let (Some(current), Some(blind_index)) = (secret("current"), secret("blind_index")) else {
        return Err(malformed());
    };
    Ok(ResolvedSecrets { current, previous: Vec::new(), blind_index })
}

#[cfg(test)]
mod tests {
    use kith_kernel::SystemEntropy;

    use super::*;

    #[test]
    fn secrets_are_generated_once_and_readable_only_by_the_owner() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("data");
        let first = load_or_create(&folder, &SystemEntropy).unwrap();
        assert_eq!(load_or_create(&folder, &SystemEntropy).unwrap(), first);
        assert_ne!(first.current, first.blind_index);
        assert_eq!(fs::metadata(file_in(&folder)).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        assert!(!format!("{first:?}").contains("0x"));
    }

    #[test]
    fn concurrent_processes_get_the_same_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let all: Vec<_> = std::thread::scope(|scope| {
            let begin = || scope.spawn(|| load_or_create(folder.path(), &SystemEntropy).unwrap());
            [(); 8].map(|()| begin()).into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn a_malformed_or_readable_file_is_rejected_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        load_or_create(folder.path(), &SystemEntropy).unwrap();
        let path = file_in(folder.path());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load_or_create(folder.path(), &SystemEntropy), Err(SecretsFileError::Permissions(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "current = 1").unwrap();
        assert!(matches!(load_or_create(folder.path(), &SystemEntropy), Err(SecretsFileError::Malformed(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "current = 1");
    }
}
