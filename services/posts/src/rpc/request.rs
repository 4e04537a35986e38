//! Conversion of requests to domain types.

use kith_kernel::{CircleId, PostId, id::InvalidId};
use kith_proto::{
    convert::timestamp_from,
    posts::v1::{CreatePostRequest, FeedFilter, FeedOrder, PostKind, UpdatePostRequest},
};

use crate::{
    Error,
    domain::{
        Body, Categories, ContentWarning, DaysSinceRelapse, Edit, Filter, Kind, Order, PostContent, PostContentParts,
        PostRuleViolation, Tags, Urgency,
    },
};

/// Parses an id. Malformed ids are reported as not found.
pub(super) fn post_id(text: &str) -> Result<PostId, Error> {
    text.parse().map_err(|InvalidId| Error::PostNotFound)
}

/// Parses an optional id. Malformed ids are reported as not found.
pub(super) fn circle_id(text: Option<&str>) -> Result<Option<CircleId>, Error> {
    text.map(|text| text.parse().map_err(|InvalidId| Error::CircleNotFound)).transpose()
}

pub(super) fn content(request: &CreatePostRequest) -> Result<PostContent, Error> {
    Ok(PostContent::new(PostContentParts {
        kind: kind(request.kind())?,
        urgency: Urgency::new(request.urgency.into())?,
        body: Body::new(&request.body)?,
        categories: Categories::new(request.categories.iter().map(String::as_str))?,
        tags: Tags::new(request.tags.iter().map(String::as_str))?,
        warning: request.content_warning.as_deref().map(ContentWarning::new).transpose()?,
        days_since_relapse: request.days_since_relapse.map(DaysSinceRelapse::new).transpose()?,
        expires_at: request.expires_at.as_ref().map(timestamp_from),
    })?)
}

pub(super) fn edits(request: &UpdatePostRequest) -> Result<Vec<Edit>, Error> {
    let mut edits = Vec::new();
    if let Some(body) = &request.body {
        edits.push(Edit::Body(Body::new(body)?));
    }
    if let Some(list) = &request.categories {
        let categories = Categories::new(list.values.iter().map(String::as_str));
        edits.push(Edit::Categories(categories.map_err(|rule| rule.for_field("categories.values"))?));
    }
    if let Some(list) = &request.tags {
        let tags = Tags::new(list.values.iter().map(String::as_str));
        edits.push(Edit::Tags(tags.map_err(|rule| rule.for_field("tags.values"))?));
    }
    if let Some(warning) = &request.content_warning {
        edits.push(if warning.is_empty() {
            Edit::ClearWarning
        } else {
            Edit::SetWarning(ContentWarning::new(warning)?)
        });
    }
    Ok(edits)
}

pub(super) const fn order(order: FeedOrder) -> Order {
    match order {
        FeedOrder::Unspecified | FeedOrder::Latest => Order::Latest,
        FeedOrder::Urgent => Order::Urgent,
    }
}

pub(super) fn filter(message: Option<&FeedFilter>) -> Result<Filter, Error> {
    let mut filter = Filter::default();
    let Some(message) = message else { return Ok(filter) };
    for number in &message.kinds {
        let known = PostKind::try_from(*number).map_err(|_| PostRuleViolation::UnknownKind);
        filter.kinds.insert(known.and_then(kind).map_err(|rule| rule.for_field("filter.kinds"))?);
    }
    for slug in &message.categories {
        filter
            .categories
            .insert(slug.parse().map_err(|_| PostRuleViolation::UnknownCategory.for_field("filter.categories"))?);
    }
    if let Some(level) = message.minimum_urgency {
        let urgency = Urgency::new(level.into()).map_err(|rule| rule.for_field("filter.minimum_urgency"))?;
        filter.minimum_urgency = Some(urgency);
    }
    Ok(filter)
}

const fn kind(kind: PostKind) -> Result<Kind, PostRuleViolation> {
    match kind {
        PostKind::Unspecified => Err(PostRuleViolation::UnknownKind),
        PostKind::Sos => Ok(Kind::Sos),
        PostKind::CheckIn => Ok(Kind::CheckIn),
        PostKind::Victory => Ok(Kind::Victory),
        PostKind::Question => Ok(Kind::Question),
    }
}
