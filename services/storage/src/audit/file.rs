//! Checkpoints in a file: a line of JSON each, appended and brought to the disk.

use std::{
    io::{self, ErrorKind, SeekFrom},
    path::PathBuf,
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_kernel::{
    Failure, Fault, Timestamp,
    audit::{Checkpoint, Head},
    ports::Checkpoints,
};
use serde::{Deserialize, Serialize};
use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _},
    sync::Mutex,
};

/// A file of checkpoints. It is made when the first is kept.
pub struct FileCheckpoints {
    path: PathBuf,
    /// One write at a time.
    writing: Mutex<()>,
}

/// A checkpoint as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    position: i64,
    hash: String,
    at: i64,
    key: String,
    signature: String,
}

impl FileCheckpoints {
    /// The file of this name.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, writing: Mutex::new(()) }
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::new(Fault::Unavailable, format!("{}: {error}", self.path.display()))
    }

    async fn append(&self, line: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).mode(0o600).open(&self.path).await?;
        let whole = whole_length(&mut file).await?;
        // A crash may have left half a line, which nobody was told of.
        if file.metadata().await?.len() > whole {
            file.set_len(whole).await?;
        }
        file.write_all(line).await?;
        file.sync_all().await
    }

    /// All whole lines.
    async fn text(&self) -> io::Result<String> {
        match tokio::fs::read_to_string(&self.path).await {
            Ok(mut text) => {
                text.truncate(text.rfind('\n').map_or(0, |end| end.saturating_add(1)));
                Ok(text)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(error),
        }
    }

    fn read(&self, number: usize, line: &str) -> Result<Checkpoint, Failure> {
        let unread = || {
            let line = number.saturating_add(1);
            Failure::new(Fault::Internal, format!("{}: line {line} is no checkpoint", self.path.display()))
        };
        let written: Written = serde_json::from_str(line).map_err(|_| unread())?;
        written.checkpoint().ok_or_else(unread)
    }
}

/// Up to the end of its last whole line.
async fn whole_length(file: &mut File) -> io::Result<u64> {
    let length = file.metadata().await?.len();
    // Longer than any line.
    let tail = length.min(4_096);
    file.seek(SeekFrom::Start(length.saturating_sub(tail))).await?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).await?;
    let half = bytes.iter().rev().take_while(|byte| **byte != b'\n').count();
    let half = u64::try_from(half).map_err(io::Error::other)?;
    Ok(length.saturating_sub(half))
}

impl Written {
    fn of(checkpoint: &Checkpoint) -> Self {
        Self {
            position: checkpoint.head.position,
            hash: URL_SAFE_NO_PAD.encode(checkpoint.head.hash),
            at: checkpoint.at.millis(),
            key: URL_SAFE_NO_PAD.encode(checkpoint.key),
            signature: URL_SAFE_NO_PAD.encode(&checkpoint.signature),
        }
    }

    fn checkpoint(&self) -> Option<Checkpoint> {
        let bytes = |text: &String| URL_SAFE_NO_PAD.decode(text).ok();
        Some(Checkpoint {
            head: Head { position: self.position, hash: bytes(&self.hash)?.try_into().ok()? },
            at: Timestamp::from_millis(self.at),
            key: bytes(&self.key)?.try_into().ok()?,
            signature: bytes(&self.signature)?,
        })
    }
}

#[async_trait]
impl Checkpoints for FileCheckpoints {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    async fn keep(&self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        let written = serde_json::to_string(&Written::of(checkpoint));
        let line = written.map_err(|error| Failure::new(Fault::Internal, error))? + "\n";
        let _alone = self.writing.lock().await;
        self.append(line.as_bytes()).await.map_err(|error| self.failed(&error))
    }

    async fn all(&self) -> Result<Vec<Checkpoint>, Failure> {
        let text = self.text().await.map_err(|error| self.failed(&error))?;
        text.lines().enumerate().map(|(number, line)| self.read(number, line)).collect()
    }

    async fn last(&self) -> Result<Option<Checkpoint>, Failure> {
        Ok(self.all().await?.pop())
    }
}
