//! Requests, in the words of the domain.

use kith_kernel::{CircleId, PostId, id::InvalidId};
use kith_proto::{
    convert::moment,
    posts::v1::{CreatePostRequest, FeedFilter, FeedOrder, PostKind, UpdatePostRequest},
};

use crate::{
    Error,
    domain::{Body, Categories, Content, Days, Draft, Edit, Filter, Invalid, Kind, Order, Tags, Urgency, Warning},
};

/// What is no id is the id of nothing.
pub(super) fn post_id(text: &str) -> Result<PostId, Error> {
    text.parse().map_err(|InvalidId| Error::NoSuchPost)
}

/// Which circle is meant; `None` for none. What is no id is the id of nothing.
pub(super) fn circle_id(text: Option<&str>) -> Result<Option<CircleId>, Error> {
    text.map(|text| text.parse().map_err(|InvalidId| Error::NoSuchCircle)).transpose()
}

pub(super) fn draft(request: &CreatePostRequest) -> Result<Draft, Error> {
    Ok(Draft::new(Content {
        kind: kind(request.kind())?,
        urgency: Urgency::new(request.urgency.into())?,
        body: Body::new(&request.body)?,
        categories: Categories::new(request.categories.iter().map(String::as_str))?,
        tags: Tags::new(request.tags.iter().map(String::as_str))?,
        warning: request.content_warning.as_deref().map(Warning::new).transpose()?,
        days_since_relapse: request.days_since_relapse.map(Days::new).transpose()?,
        expires_at: request.expires_at.as_ref().map(moment),
    })?)
}

pub(super) fn edits(request: &UpdatePostRequest) -> Result<Vec<Edit>, Error> {
    let mut edits = Vec::new();
    if let Some(body) = &request.body {
        edits.push(Edit::Body(Body::new(body)?));
    }
    if let Some(list) = &request.categories {
        let categories = Categories::new(list.values.iter().map(String::as_str));
        edits.push(Edit::Categories(categories.map_err(|rule| rule.at("categories.values"))?));
    }
    if let Some(list) = &request.tags {
        let tags = Tags::new(list.values.iter().map(String::as_str));
        edits.push(Edit::Tags(tags.map_err(|rule| rule.at("tags.values"))?));
    }
    if let Some(warning) = &request.content_warning {
        edits.push(if warning.is_empty() { Edit::Unwarn } else { Edit::Warn(Warning::new(warning)?) });
    }
    Ok(edits)
}

pub(super) const fn order(order: FeedOrder) -> Order {
    match order {
        FeedOrder::Unspecified | FeedOrder::Latest => Order::Latest,
        FeedOrder::Urgent => Order::Urgent,
    }
}

pub(super) fn filter(asked: Option<&FeedFilter>) -> Result<Filter, Error> {
    let mut filter = Filter::default();
    let Some(asked) = asked else { return Ok(filter) };
    for number in &asked.kinds {
        let known = PostKind::try_from(*number).map_err(|_| Invalid::Kind);
        filter.kinds.insert(known.and_then(kind).map_err(|rule| rule.at("filter.kinds"))?);
    }
    for slug in &asked.categories {
        filter.categories.insert(slug.parse().map_err(|_| Invalid::Category.at("filter.categories"))?);
    }
    if let Some(level) = asked.minimum_urgency {
        let urgency = Urgency::new(level.into()).map_err(|rule| rule.at("filter.minimum_urgency"))?;
        filter.minimum_urgency = Some(urgency);
    }
    Ok(filter)
}

const fn kind(kind: PostKind) -> Result<Kind, Invalid> {
    match kind {
        PostKind::Unspecified => Err(Invalid::Kind),
        PostKind::Sos => Ok(Kind::Sos),
        PostKind::CheckIn => Ok(Kind::CheckIn),
        PostKind::Victory => Ok(Kind::Victory),
        PostKind::Question => Ok(Kind::Question),
    }
}
