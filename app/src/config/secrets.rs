//! What everything is sealed with: never shown, and in development made once and kept.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64::{
    Engine as _,
    engine::{
        DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig,
        general_purpose::{NO_PAD, STANDARD},
    },
};
use kith_kernel::Entropy;

use super::{Secrets, value::Scalar};

/// 32 bytes that nobody may see.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// The bytes, for the ring of keys.
    #[must_use]
    pub const fn reveal(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

const LENIENT: GeneralPurposeConfig = NO_PAD.with_decode_padding_mode(DecodePaddingMode::Indifferent);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);

impl Scalar for Secret {
    const KIND: &'static str = "32 bytes in base64 or hex";
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        let bytes = from_hex(text).or_else(|| PLAIN.decode(text).ok()).or_else(|| URL_SAFE.decode(text).ok());
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| format!("has to be {}", <Self as Scalar>::KIND))?;
        // Of 32 random bytes, more than 20 differ but for once in 2^60.
        let distinct: std::collections::BTreeSet<_> = bytes.iter().collect();
        if distinct.len() < 16 {
            return Err("is not random; `openssl rand -hex 32` makes one that is".to_owned());
        }
        Ok(Self(bytes))
    }

    fn nothing() -> Self {
        Self([0; 32])
    }

    fn show(&self) -> String {
        "set".to_owned()
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 {
        return None;
    }
    let digits: Option<Vec<u8>> =
        text.chars().map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    Some(digits?.chunks(2).map(|pair| pair.iter().fold(0_u8, |byte, digit| (byte << 4) | digit)).collect())
}

/// What a community is sealed with: nothing is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complete {
    /// What new things are sealed with.
    pub current: Secret,
    /// What was used before, newest first.
    pub previous: Vec<Secret>,
    /// What look-ups by e-mail use.
    pub index: Secret,
}

/// The secrets of the configuration, if none is missing. In production none is: a rule holds that.
#[must_use]
pub fn complete(secrets: &Secrets) -> Option<Complete> {
    let (current, index) = (secrets.current.clone()?, secrets.index.clone()?);
    Some(Complete { current, previous: secrets.previous.to_vec(), index })
}

/// The secrets of the configuration, and for what it does not say those of the folder, made where they are missing.
///
/// # Errors
/// Those of [`load_or_create`].
pub fn complete_in(secrets: &Secrets, folder: &Path, entropy: &dyn Entropy) -> Result<Complete, Unusable> {
    if let Some(complete) = complete(secrets) {
        return Ok(complete);
    }
    let kept = load_or_create(folder, entropy)?;
    Ok(Complete {
        current: secrets.current.clone().unwrap_or(kept.current),
        previous: secrets.previous.to_vec(),
        index: secrets.index.clone().unwrap_or(kept.index),
    })
}

/// The file of secrets cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It cannot be read or written.
    #[error("{path} cannot be read or written", path = .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// It is not what was written.
    #[error("{path} does not hold `current` and `index`, 32 bytes each", path = .0.display())]
    Broken(PathBuf),
    /// Others may read it.
    #[error("{path} may be read by others; `chmod 600` it", path = .0.display())]
    Open(PathBuf),
}

/// The file of secrets in a data folder.
#[must_use]
pub fn file_in(folder: &Path) -> PathBuf {
    folder.join("secrets.toml")
}

/// The secrets that are kept in this folder. The first time they are made, and nobody else may read them.
///
/// Two processes that begin at once get the same secrets: the file appears whole, and only once.
///
/// # Errors
/// [`Unusable`]. A file that is broken is never replaced: what it has sealed would be lost.
pub fn load_or_create(folder: &Path, entropy: &dyn Entropy) -> Result<Complete, Unusable> {
    let path = file_in(folder);
    if !path.exists() {
        create(folder, &path, entropy).map_err(|error| Unusable::Io(path.clone(), error))?;
    }
    load(&path)
}

fn create(folder: &Path, path: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let [current, index] = [entropy.secret(), entropy.secret()].map(|secret| STANDARD.encode(secret));
    let text = format!(
        "# Made at the first start. What the database holds is sealed with these: keep them with its backups.\n\
         current = \"{current}\"\nindex = \"{index}\"\n"
    );
    let mut suffix = [0; 8];
    entropy.fill(&mut suffix);
    let draft = folder.join(format!(".secrets.{:016x}", u64::from_be_bytes(suffix)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // Unlike a rename, a link refuses where there is something already.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => File::open(folder)?.sync_all(),
    }
}

/// The secrets of this file.
///
/// # Errors
/// [`Unusable`].
pub fn load(path: &Path) -> Result<Complete, Unusable> {
    let io = |error| Unusable::Io(path.to_owned(), error);
    if fs::metadata(path).map_err(io)?.permissions().mode() & 0o077 != 0 {
        return Err(Unusable::Open(path.to_owned()));
    }
    let text = fs::read_to_string(path).map_err(io)?;
    let broken = || Unusable::Broken(path.to_owned());
    let table: toml::Table = text.parse().map_err(|_| broken())?;
    let secret = |name: &str| table.get(name)?.as_str().and_then(|text| Secret::parse(text).ok());
    let (Some(current), Some(index)) = (secret("current"), secret("index")) else { return Err(broken()) };
    Ok(Complete { current, previous: Vec::new(), index })
}

#[cfg(test)]
mod tests {
    use kith_kernel::SystemEntropy;

    use super::*;

    #[test]
    fn the_same_secret_reads_from_hex_and_from_either_base64() {
        let bytes: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 8 + 7).unwrap());
        let hex = bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02X}"));
        for text in [hex, STANDARD.encode(bytes), PLAIN.encode(bytes), URL_SAFE.encode(bytes)] {
            assert_eq!(Secret::parse(&text).unwrap().reveal(), &bytes, "{text}");
        }
    }

    #[test]
    fn what_is_short_or_not_random_is_refused_and_not_quoted() {
        for text in ["", "changeme", &"ab".repeat(32), &"0".repeat(64), &"a1".repeat(31)] {
            let what = Secret::parse(text).unwrap_err();
            assert!(text.is_empty() || !what.contains(text), "{what}");
        }
    }

    #[test]
    fn secrets_are_made_once_and_nobody_else_may_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("data");
        let first = load_or_create(&folder, &SystemEntropy).unwrap();
        assert_eq!(load_or_create(&folder, &SystemEntropy).unwrap(), first);
        assert_ne!(first.current, first.index);
        assert_eq!(fs::metadata(file_in(&folder)).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        assert!(!format!("{first:?}").contains("0x"));
    }

    #[test]
    fn two_who_begin_at_once_get_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let all: Vec<_> = std::thread::scope(|scope| {
            let begin = || scope.spawn(|| load_or_create(folder.path(), &SystemEntropy).unwrap());
            [(); 8].map(|()| begin()).into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn a_file_that_is_broken_or_open_to_others_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        load_or_create(folder.path(), &SystemEntropy).unwrap();
        let path = file_in(folder.path());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load_or_create(folder.path(), &SystemEntropy), Err(Unusable::Open(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "current = 1").unwrap();
        assert!(matches!(load_or_create(folder.path(), &SystemEntropy), Err(Unusable::Broken(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "current = 1");
    }
}
