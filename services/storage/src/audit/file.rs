//! Audit checkpoints in a file: one line of JSON each, appended and synced to disk.

use std::{
    io::{self, SeekFrom},
    path::PathBuf,
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_kernel::{
    ErrorKind, PortError, Timestamp,
    audit::{ChainHead, Checkpoint},
    ports::CheckpointStore,
};
use serde::{Deserialize, Serialize};
use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _},
    sync::Mutex,
};

/// [`CheckpointStore`] in a file, which is created by the first append.
pub struct FileCheckpointStore {
    path: PathBuf,
    /// Serializes writes.
    write_lock: Mutex<()>,
}

/// Serialized checkpoint.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointLine {
    position: i64,
    hash: String,
    at: i64,
    key: String,
    signature: String,
}

impl FileCheckpointStore {
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, write_lock: Mutex::new(()) }
    }

    fn io_error(&self, error: &io::Error) -> PortError {
        PortError::new(ErrorKind::Unavailable, format!("{}: {error}", self.path.display()))
    }

    async fn append_line(&self, line: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).mode(0o600).open(&self.path).await?;
        let complete = complete_length(&mut file).await?;
        // A crash can leave a partial line. It was never acknowledged.
        if file.metadata().await?.len() > complete {
            file.set_len(complete).await?;
        }
        file.write_all(line).await?;
        file.sync_all().await
    }

    /// Returns all complete lines.
    async fn read_lines(&self) -> io::Result<String> {
        match tokio::fs::read_to_string(&self.path).await {
            Ok(mut text) => {
                text.truncate(text.rfind('\n').map_or(0, |end| end.saturating_add(1)));
                Ok(text)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(error),
        }
    }

    fn parse_line(&self, number: usize, line: &str) -> Result<Checkpoint, PortError> {
        let malformed = || {
            let line = number.saturating_add(1);
            PortError::new(
                ErrorKind::Internal,
                format!("{}: line {line} is not a valid checkpoint", self.path.display()),
            )
        };
        let parsed: CheckpointLine = serde_json::from_str(line).map_err(|_| malformed())?;
        parsed.into_checkpoint().ok_or_else(malformed)
    }
}

/// Length of the file up to the end of its last complete line.
async fn complete_length(file: &mut File) -> io::Result<u64> {
    let length = file.metadata().await?.len();
    // 4 KiB is longer than any line.
    let tail = length.min(4_096);
    file.seek(SeekFrom::Start(length.saturating_sub(tail))).await?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).await?;
    let partial = bytes.iter().rev().take_while(|byte| **byte != b'\n').count();
    let partial = u64::try_from(partial).map_err(io::Error::other)?;
    Ok(length.saturating_sub(partial))
}

impl CheckpointLine {
    fn new(checkpoint: &Checkpoint) -> Self {
        Self {
            position: checkpoint.head.position,
            hash: URL_SAFE_NO_PAD.encode(checkpoint.head.hash),
            at: checkpoint.at.millis(),
            key: URL_SAFE_NO_PAD.encode(checkpoint.key),
            signature: URL_SAFE_NO_PAD.encode(&checkpoint.signature),
        }
    }

    fn into_checkpoint(self) -> Option<Checkpoint> {
        let bytes = |text: &String| URL_SAFE_NO_PAD.decode(text).ok();
        Some(Checkpoint {
            head: ChainHead { position: self.position, hash: bytes(&self.hash)?.try_into().ok()? },
            at: Timestamp::from_millis(self.at),
            key: bytes(&self.key)?.try_into().ok()?,
            signature: bytes(&self.signature)?,
        })
    }
}

#[async_trait]
impl CheckpointStore for FileCheckpointStore {
    fn location(&self) -> String {
        self.path.display().to_string()
    }

    async fn append(&self, checkpoint: &Checkpoint) -> Result<(), PortError> {
        let json = serde_json::to_string(&CheckpointLine::new(checkpoint));
        let line = json.map_err(|error| PortError::new(ErrorKind::Internal, error))? + "\n";
        let _guard = self.write_lock.lock().await;
        self.append_line(line.as_bytes()).await.map_err(|error| self.io_error(&error))
    }

    async fn list(&self) -> Result<Vec<Checkpoint>, PortError> {
        let text = self.read_lines().await.map_err(|error| self.io_error(&error))?;
        text.lines().enumerate().map(|(number, line)| self.parse_line(number, line)).collect()
    }

    async fn latest(&self) -> Result<Option<Checkpoint>, PortError> {
        Ok(self.list().await?.pop())
    }
}
