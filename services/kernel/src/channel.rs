//! Channels of the real-time gateway. The only parser and the only formatter of channel names.

use std::{fmt, str::FromStr};

use crate::{Category, CircleId, PostId, UserId};

const FEED: &str = "feed";
const STAFF_QUEUE: &str = "staff:queue";
const PERMISSION_CHANGES: &str = "~permissions";
/// Name under which each client subscribes to the channel of its own account.
const OWN: &str = "user";

/// A stream of events that connections subscribe to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// All public posts.
    Feed,
    /// Public posts of a category.
    Category(Category),
    /// Posts of a circle, for its members.
    Circle(CircleId),
    /// One post and its responses.
    Post(PostId),
    /// Notices for one account.
    User(UserId),
    /// Changes of the moderation queue, for staff.
    StaffQueue,
    /// Changes of blocks, roles, memberships and sessions. Internal: clients cannot name it.
    PermissionChanges,
}

impl Channel {
    /// Parses the name that a client of `user` sends. `user` is the channel of the account itself; the internal channel
    /// and channels of other accounts have no name that a client can send.
    ///
    /// # Errors
    /// [`InvalidChannel`] for any other name.
    pub fn from_client(name: &str, user: UserId) -> Result<Self, InvalidChannel> {
        if name == OWN {
            return Ok(Self::User(user));
        }
        match name.parse()? {
            Self::User(_) | Self::PermissionChanges => Err(InvalidChannel),
            channel @ (Self::Feed | Self::Category(_) | Self::Circle(_) | Self::Post(_) | Self::StaffQueue) => {
                Ok(channel)
            }
        }
    }

    /// Returns the name that clients see. It never contains an account id.
    #[must_use]
    pub fn public_name(self) -> String {
        match self {
            Self::User(_) => OWN.to_owned(),
            Self::Feed
            | Self::Category(_)
            | Self::Circle(_)
            | Self::Post(_)
            | Self::StaffQueue
            | Self::PermissionChanges => self.to_string(),
        }
    }

    /// Returns the account of a user channel.
    #[must_use]
    pub const fn owner(self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user),
            Self::Feed
            | Self::Category(_)
            | Self::Circle(_)
            | Self::Post(_)
            | Self::StaffQueue
            | Self::PermissionChanges => None,
        }
    }

    /// Returns true for the channels that list public posts.
    #[must_use]
    pub const fn is_public_feed(self) -> bool {
        matches!(self, Self::Feed | Self::Category(_))
    }

    /// Returns true for the channels that list posts: the public feeds and the feed of a circle.
    #[must_use]
    pub const fn is_feed(self) -> bool {
        self.is_public_feed() || matches!(self, Self::Circle(_))
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feed => f.write_str(FEED),
            Self::Category(category) => write!(f, "category:{category}"),
            Self::Circle(circle) => write!(f, "circle:{circle}"),
            Self::Post(post) => write!(f, "post:{post}"),
            Self::User(user) => write!(f, "user:{user}"),
            Self::StaffQueue => f.write_str(STAFF_QUEUE),
            Self::PermissionChanges => f.write_str(PERMISSION_CHANGES),
        }
    }
}

/// Parses the output of [`Display`](fmt::Display), and nothing else.
impl FromStr for Channel {
    type Err = InvalidChannel;

    fn from_str(name: &str) -> Result<Self, InvalidChannel> {
        match name {
            FEED => return Ok(Self::Feed),
            STAFF_QUEUE => return Ok(Self::StaffQueue),
            PERMISSION_CHANGES => return Ok(Self::PermissionChanges),
            _ => {}
        }
        let (kind, id) = name.split_once(':').ok_or(InvalidChannel)?;
        let channel = match kind {
            "category" => Self::Category(id.parse().map_err(|_| InvalidChannel)?),
            "circle" => Self::Circle(id.parse().map_err(|_| InvalidChannel)?),
            "post" => Self::Post(id.parse().map_err(|_| InvalidChannel)?),
            "user" => Self::User(id.parse().map_err(|_| InvalidChannel)?),
            _ => return Err(InvalidChannel),
        };
        // Ids parse in several spellings; a channel has one name.
        if channel.to_string() == name { Ok(channel) } else { Err(InvalidChannel) }
    }
}

/// The text is not the name of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid channel name")]
pub struct InvalidChannel;

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ID: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_abcd);

    fn all() -> [Channel; 7] {
        [
            Channel::Feed,
            Channel::Category("alcohol".parse().unwrap()),
            Channel::Circle(CircleId::from_uuid(ID)),
            Channel::Post(PostId::from_uuid(ID)),
            Channel::User(UserId::from_uuid(ID)),
            Channel::StaffQueue,
            Channel::PermissionChanges,
        ]
    }

    #[test]
    fn every_channel_parses_from_its_own_name() {
        for channel in all() {
            assert_eq!(channel.to_string().parse(), Ok(channel));
        }
        let upper = format!("post:{}", ID.to_string().to_uppercase());
        for invalid in ["", "Feed", "feed:", "category:beer", "post:1", "staff", "user", "user:", "~rights", &upper] {
            assert_eq!(invalid.parse::<Channel>(), Err(InvalidChannel), "{invalid}");
        }
    }

    #[test]
    fn a_client_can_name_only_its_own_user_channel() {
        let other = UserId::from_uuid(Uuid::from_u128(7));
        assert_eq!(Channel::from_client("user", other), Ok(Channel::User(other)));
        for channel in all() {
            let named = Channel::from_client(&channel.to_string(), other);
            match channel {
                Channel::User(_) | Channel::PermissionChanges => assert_eq!(named, Err(InvalidChannel)),
                Channel::Feed | Channel::Category(_) | Channel::Circle(_) | Channel::Post(_) | Channel::StaffQueue => {
                    assert_eq!(named, Ok(channel));
                }
            }
        }
    }

    #[test]
    fn a_public_name_contains_no_account_id() {
        assert_eq!(Channel::User(UserId::from_uuid(ID)).public_name(), "user");
        for channel in all().into_iter().filter(|it| it.owner().is_none()) {
            assert_eq!(channel.public_name(), channel.to_string());
        }
    }
}
