//! Conformance of the generated JSON code to canonical proto3 JSON, case by case.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use kith_proto::{
    grpc::reflection::v1::ExtensionRequest,
    posts::v1::{CreatePostRequest, FeedFilter, GetFeedRequest, Post, PostKind, TagList, UpdatePostRequest},
    realtime::v1::{ServerFrame, server_frame::Kind},
    support::v1::{CreateResponseRequest, QuickKind, create_response_request::Content},
    users::v1::{Badge, Persona},
};
use pbjson_types::Timestamp;
use prost::Message;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

#[expect(clippy::needless_pass_by_value, reason = "callers build the value inline")]
fn read<M: DeserializeOwned>(value: Value) -> Result<M, serde_json::Error> {
    // From text, so that borrowed fields are tested too.
    serde_json::from_str(&value.to_string())
}

fn to_json(message: &impl Serialize) -> Value {
    serde_json::to_value(message).unwrap()
}

fn post() -> Post {
    Post {
        id: "0193".to_owned(),
        author: Some(Persona {
            id: "p".to_owned(),
            handle: "still_water".to_owned(),
            avatar: 7,
            badges: vec![Badge::Guide.into()],
        }),
        kind: PostKind::Sos.into(),
        urgency: 5,
        body: "is anybody \"there\"?\n".to_owned(),
        categories: vec!["alcohol".to_owned()],
        content_warning: Some(String::new()),
        days_since_relapse: Some(0),
        created_at: Some(Timestamp { seconds: 1_700_000_000, nanos: 120_000_000 }),
        response_count: Some(u64::MAX),
        ..Post::default()
    }
}

#[test]
fn messages_are_serialized_as_the_specification_requires() {
    let expected = json!({
        "id": "0193",
        "author": { "id": "p", "handle": "still_water", "avatar": 7, "badges": ["BADGE_GUIDE"] },
        "kind": "POST_KIND_SOS",
        "urgency": 5,
        "body": "is anybody \"there\"?\n",
        "categories": ["alcohol"],
        "contentWarning": "",
        "daysSinceRelapse": 0,
        "createdAt": "2023-11-14T22:13:20.120Z",
        "responseCount": "18446744073709551615",
    });
    assert_eq!(to_json(&post()), expected);
    assert_eq!(to_json(&Post::default()), json!({}));
    assert_eq!(read::<Post>(expected).unwrap(), post());
}

#[test]
fn unknown_enum_values_round_trip_as_numbers() {
    let newer = Post { kind: 77, ..Post::default() };
    assert_eq!(to_json(&newer), json!({ "kind": 77 }));
    assert_eq!(read::<Post>(json!({ "kind": 77 })).unwrap(), newer);
    let mixed = Persona { badges: vec![1, 99], ..Persona::default() };
    assert_eq!(to_json(&mixed), json!({ "badges": ["BADGE_SUPPORTER", 99] }));
    read::<Post>(json!({ "kind": "POST_KIND_UNKNOWN" })).unwrap_err();
}

#[test]
fn null_means_unset_for_every_field() {
    let unset = json!({
        "id": null, "author": null, "kind": null, "urgency": null, "categories": null, "contentWarning": null,
        "createdAt": null, "responseCount": null,
    });
    assert_eq!(read::<Post>(unset).unwrap(), Post::default());
    assert_eq!(read::<CreateResponseRequest>(json!({ "text": null, "quick": null })).unwrap().content, None);
    read::<Post>(json!({ "categories": [null] })).unwrap_err();
}

#[test]
fn integers_are_accepted_in_every_form_and_other_numbers_are_rejected() {
    for form in [json!(3), json!(3.0), json!("3"), json!("3.0"), json!("3e0"), json!(3e0)] {
        assert_eq!(read::<Post>(json!({ "urgency": form })).unwrap().urgency, 3, "{form}");
        assert_eq!(read::<Post>(json!({ "responseCount": form })).unwrap().response_count, Some(3), "{form}");
    }
    let rejected =
        [json!(3.5), json!("3.5"), json!("three"), json!(""), json!(true), json!([]), json!("inf"), json!(1e300)];
    for form in rejected {
        read::<Post>(json!({ "urgency": form })).unwrap_err();
    }
    read::<Post>(json!({ "urgency": 2_147_483_648_u64 })).unwrap_err();
    read::<Post>(json!({ "daysSinceRelapse": -1 })).unwrap_err();
    assert_eq!(read::<Post>(json!({ "responseCount": u64::MAX.to_string() })).unwrap().response_count, Some(u64::MAX));
    read::<Post>(json!({ "responseCount": "18446744073709551616" })).unwrap_err();
}

#[test]
fn both_names_of_a_field_are_accepted_and_unknown_fields_are_ignored() {
    let filter = FeedFilter { minimum_urgency: Some(4), ..FeedFilter::default() };
    for name in ["minimumUrgency", "minimum_urgency"] {
        let request = json!({ "filter": { name: 4, "unknownField": { "deep": [1, null] } }, "x": "y" });
        assert_eq!(read::<GetFeedRequest>(request).unwrap().filter, Some(filter.clone()), "{name}");
    }
}

#[test]
fn timestamps_accept_any_offset_and_are_written_in_utc() {
    let at = |text: &str| read::<Post>(json!({ "createdAt": text })).map(|post| post.created_at.unwrap());
    for same in ["2023-11-14T22:13:20Z", "2023-11-14T23:13:20+01:00", "2023-11-14t22:13:20.000000000z"] {
        assert_eq!(at(same).unwrap(), Timestamp { seconds: 1_700_000_000, nanos: 0 }, "{same}");
    }
    for digits in
        ["2023-11-14T22:13:20Z", "2023-11-14T22:13:20.001Z", "2023-11-14T22:13:20.000001Z", "0001-01-01T00:00:00Z"]
    {
        let post = Post { created_at: Some(at(digits).unwrap()), ..Post::default() };
        assert_eq!(to_json(&post)["createdAt"], digits);
    }
    for invalid in
        ["", "2023-11-14", "2023-11-14T22:13:20", "14 Nov 2023", "0000-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00"]
    {
        at(invalid).unwrap_err();
    }
    read::<Post>(json!({ "createdAt": 1_700_000_000 })).unwrap_err();
}

#[test]
fn a_oneof_accepts_one_member_and_rejects_two() {
    let quick = read::<CreateResponseRequest>(json!({ "postId": "p", "quick": "QUICK_KIND_HUG" })).unwrap();
    assert_eq!(quick.content, Some(Content::Quick(QuickKind::Hug.into())));
    let empty = read::<CreateResponseRequest>(json!({ "text": "" })).unwrap();
    assert_eq!(empty.content, Some(Content::Text(String::new())));
    assert_eq!(to_json(&empty), json!({ "text": "" }), "a oneof member with a default value is serialized");
    read::<CreateResponseRequest>(json!({ "text": "a", "quick": "QUICK_KIND_HUG" })).unwrap_err();
    let frame = read::<ServerFrame>(json!({ "gap": { "channel": "feed" } })).unwrap();
    assert!(matches!(frame.kind, Some(Kind::Gap(_))));
}

#[test]
fn values_that_are_not_messages_are_rejected() {
    for invalid in
        [json!([]), json!("x"), json!(1), json!({ "body": 1 }), json!({ "author": [] }), json!({ "tags": "x" })]
    {
        read::<Post>(invalid.clone()).map(|_| ()).expect_err(&invalid.to_string());
    }
    assert_eq!(read::<UpdatePostRequest>(json!({ "tags": {} })).unwrap().tags, Some(TagList::default()));
    assert_eq!(read::<CreatePostRequest>(json!({})).unwrap(), CreatePostRequest::default());
}

#[test]
fn binary_and_json_encodings_are_equivalent() {
    let binary = Post::decode(post().encode_to_vec().as_slice()).unwrap();
    assert_eq!(to_json(&binary), to_json(&post()));
    let request = ExtensionRequest { containing_type: "a.B".to_owned(), extension_number: -1 };
    assert_eq!(to_json(&request), json!({ "containingType": "a.B", "extensionNumber": -1 }));
}
