//! Handlers of all methods.

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_proto::{
    Caller, Valid,
    screening::v1::{
        ListRulesRequest, ListRulesResponse, PutRuleRequest, PutRuleResponse, TryRuleRequest, TryRuleResponse,
        screening_service_connect::ScreeningServiceBuilder,
    },
    to_connect_error,
};

use super::{Presenter, presenter, request};
use crate::{Error, RuleService};

/// State of the handlers.
pub struct Handlers {
    pub service: Arc<RuleService>,
    pub presenter: Presenter,
}

type HandlerState = State<Arc<Handlers>>;
type Response<T> = Result<ConnectResponse<T>, ConnectError>;

/// Routes of all methods.
pub fn router(handlers: Handlers) -> Router {
    ScreeningServiceBuilder::new()
        .list_rules(list_rules)
        .put_rule(put_rule)
        .try_rule(try_rule)
        .with_state(Arc::new(handlers))
        .build()
}

async fn list_rules(
    State(handlers): HandlerState,
    Caller(actor): Caller,
    Valid(request): Valid<ListRulesRequest>,
) -> Response<ListRulesResponse> {
    let moderator = actor.moderator().map_err(Error::from)?;
    let view = handlers.service.list(&moderator, request::version(request)).await?;
    Ok(ConnectResponse::new(presenter::list_rules(view)))
}

async fn put_rule(
    State(handlers): HandlerState,
    Caller(actor): Caller,
    Valid(request): Valid<PutRuleRequest>,
) -> Response<PutRuleResponse> {
    let rule = request::rule(request.rule)?;
    let name = rule.name.clone();
    let view = handlers.service.put(&actor, rule, &request.etag).await?;
    Ok(ConnectResponse::new(presenter::put_rule(view, &name)))
}

async fn try_rule(
    State(handlers): HandlerState,
    Caller(actor): Caller,
    Valid(request): Valid<TryRuleRequest>,
) -> Response<TryRuleResponse> {
    let moderator = actor.moderator().map_err(Error::from)?;
    let limit = request::limit(&request);
    let report = handlers.service.test(&moderator, request::rule(request.rule)?, limit).await?;
    Ok(ConnectResponse::new(handlers.presenter.try_rule(&report).await?))
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        to_connect_error(&error)
    }
}
