//! Messages of the wire format. Released tags are never reused.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(super) struct EventMessage {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) id: Vec<u8>,
    #[prost(int64, tag = "2")]
    pub(super) at_millis: i64,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) actor: Vec<u8>,
    #[prost(
        oneof = "PayloadMessage",
        tags = "10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33"
    )]
    pub(super) payload: Option<PayloadMessage>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum PayloadMessage {
    #[prost(message, tag = "10")]
    PostCreated(Post),
    #[prost(message, tag = "11")]
    PostUpdated(Post),
    #[prost(message, tag = "12")]
    SosResolved(Post),
    #[prost(message, tag = "13")]
    PostDeleted(Post),
    #[prost(message, tag = "14")]
    PostRestored(Post),
    #[prost(message, tag = "15")]
    ResponseCreated(Response),
    #[prost(message, tag = "16")]
    ResponseDeleted(Response),
    #[prost(message, tag = "17")]
    ResponseMarkedHelpful(Response),
    #[prost(message, tag = "18")]
    UserBlocked(User),
    #[prost(message, tag = "19")]
    UserUnblocked(User),
    #[prost(message, tag = "20")]
    UserSuspended(User),
    #[prost(message, tag = "21")]
    UserReinstated(User),
    #[prost(message, tag = "22")]
    SessionRevoked(Session),
    #[prost(message, tag = "23")]
    CircleChanged(Circle),
    #[prost(message, tag = "24")]
    PostVisibilityChanged(PostVisibilityMessage),
    #[prost(message, tag = "25")]
    ResponseVisibilityChanged(ResponseVisibilityMessage),
    #[prost(message, tag = "26")]
    CrisisDetected(ContentMessage),
    #[prost(message, tag = "27")]
    CaseChanged(Case),
    #[prost(message, tag = "28")]
    StatementIssued(SubjectMessage),
    #[prost(message, tag = "29")]
    ReportResolved(SubjectMessage),
    #[prost(message, tag = "30")]
    UserMuted(User),
    #[prost(message, tag = "31")]
    UserUnmuted(User),
    #[prost(message, tag = "32")]
    RoleChanged(User),
    #[prost(message, tag = "33")]
    MilestoneReached(Milestone),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Post {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) id: Vec<u8>,
    #[prost(string, repeated, tag = "2")]
    pub(super) categories: Vec<String>,
    /// Empty for a public post.
    #[prost(bytes = "vec", tag = "3")]
    pub(super) circle: Vec<u8>,
    #[prost(uint32, tag = "4")]
    pub(super) kind: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Response {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) author: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) post: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub(super) post_author: Vec<u8>,
    /// 0 for events that carry no class.
    #[prost(uint32, tag = "5")]
    pub(super) class: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct User {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) id: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Session {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) user: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) session: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Circle {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) id: Vec<u8>,
    #[prost(uint32, tag = "2")]
    pub(super) change: u32,
    /// Empty if the change affects the circle as a whole.
    #[prost(bytes = "vec", tag = "3")]
    pub(super) member: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PostVisibilityMessage {
    #[prost(message, optional, tag = "1")]
    pub(super) post: Option<Post>,
    #[prost(uint32, tag = "2")]
    pub(super) change: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ResponseVisibilityMessage {
    #[prost(message, optional, tag = "1")]
    pub(super) response: Option<Response>,
    #[prost(uint32, tag = "2")]
    pub(super) change: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ContentMessage {
    #[prost(oneof = "ContentIdMessage", tags = "1, 2")]
    pub(super) content: Option<ContentIdMessage>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum ContentIdMessage {
    #[prost(bytes = "vec", tag = "1")]
    Post(Vec<u8>),
    #[prost(bytes = "vec", tag = "2")]
    Response(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Case {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) id: Vec<u8>,
    #[prost(uint32, tag = "2")]
    pub(super) change: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SubjectMessage {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) user: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) subject: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Milestone {
    #[prost(uint32, tag = "1")]
    pub(super) days: u32,
}
