//! Encryption of sequences into opaque positions.

use aes::{
    Aes128,
    cipher::{Block, BlockDecrypt as _, BlockEncrypt as _, KeyInit as _},
};
use kith_kernel::{Channel, Position, replay_log::LogOffset};

/// Encrypts and decrypts positions.
///
/// A position is one AES block of epoch, tag and sequence. Encryption is deterministic, so shared frames have equal
/// positions. Two positions reveal neither their order nor their distance. A forged block decrypts to a given epoch and
/// tag with probability 2^-64.
pub(super) struct PositionKey(Aes128);

impl PositionKey {
    /// All nodes must use the same key.
    pub(super) fn new(key: &[u8; 16]) -> Self {
        Self(Aes128::new(key.into()))
    }

    pub(super) fn seal(&self, epoch: u32, tag: u32, sequence: u64) -> Position {
        let plain = (u128::from(epoch) << 96) | (u128::from(tag) << 64) | u128::from(sequence);
        let mut block = Block::<Aes128>::from(plain.to_be_bytes());
        self.0.encrypt_block(&mut block);
        Position::sealed(block.into())
    }

    /// Returns epoch, tag and sequence. They are arbitrary for a block that was encrypted elsewhere.
    pub(super) fn open(&self, position: Position) -> (u32, u32, u64) {
        let mut block = Block::<Aes128>::from(position.block());
        self.0.decrypt_block(&mut block);
        let plain = u128::from_be_bytes(block.into());
        let part = |above: u32| u32::try_from((plain >> above) & u128::from(u32::MAX)).unwrap_or(0);
        (part(96), part(64), u64::try_from(plain & u128::from(u64::MAX)).unwrap_or(0))
    }
}

/// Encodes and decodes the positions of one log.
pub(super) struct PositionCodec {
    key: PositionKey,
    epoch: u32,
}

impl PositionCodec {
    /// Creates a codec for one epoch of the log. All nodes must use the same key.
    pub(super) fn new(key: &[u8; 16], epoch: u32) -> Self {
        Self { key: PositionKey::new(key), epoch }
    }

    /// Offset of a sequence in a channel.
    pub(super) fn offset(&self, channel: &Channel, sequence: u64) -> LogOffset {
        LogOffset { sequence, position: self.key.seal(self.epoch, channel_hash(channel), sequence) }
    }

    /// Returns the sequence of a position; `None` for a position of another channel, epoch or log.
    pub(super) fn decode(&self, channel: &Channel, position: Position) -> Option<u64> {
        let (epoch, tag, sequence) = self.key.open(position);
        (epoch == self.epoch && tag == channel_hash(channel)).then_some(sequence)
    }
}

/// FNV-1a (draft-eastlake-fnv). It does not have to resist attacks: the position is encrypted.
pub(super) fn channel_hash(channel: &Channel) -> u32 {
    channel.to_string().bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = [7; 16];

    fn channel(name: &str) -> Channel {
        name.parse().unwrap()
    }

    #[test]
    fn a_position_decodes_only_for_its_channel_epoch_and_key() {
        let codec = PositionCodec::new(&KEY, 1);
        let offset = codec.offset(&channel("feed"), 41);
        assert_eq!(codec.decode(&channel("feed"), offset.position), Some(41));
        assert_eq!(codec.decode(&channel("staff:queue"), offset.position), None);
        assert_eq!(PositionCodec::new(&KEY, 2).decode(&channel("feed"), offset.position), None);
        assert_eq!(PositionCodec::new(&[8; 16], 1).decode(&channel("feed"), offset.position), None);
    }

    #[test]
    fn positions_of_adjacent_sequences_have_nothing_in_common() {
        let codec = PositionCodec::new(&KEY, 1);
        let [one, next] = [1, 2].map(|sequence| codec.offset(&channel("feed"), sequence).position.block());
        let differing = one.iter().zip(next).filter(|(one, next)| *one != next).count();
        assert!(differing > 8, "{differing}");
    }
}
