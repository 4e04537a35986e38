//! Implements `grpc.health.v1.Health` for orchestrators that check readiness by gRPC.

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse, StreamBody};
use futures_util::{Stream, stream};
use kith_kernel::ErrorKind;
use kith_proto::{
    ErrorResponse, METHODS, Valid,
    grpc::health::v1::{
        HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
        health_connect::HealthServiceBuilder,
    },
};
use tokio::sync::watch;

/// True while the process accepts calls. The lifecycle sets it.
pub type ReadySignal = watch::Receiver<bool>;

/// Routes of `Check` and `Watch`.
pub fn router(ready: ReadySignal) -> Router {
    HealthServiceBuilder::new().check(check).watch(watch).with_state(ready).build()
}

async fn check(
    State(ready): State<ReadySignal>,
    Valid(request): Valid<HealthCheckRequest>,
) -> Result<ConnectResponse<HealthCheckResponse>, ConnectError> {
    if !is_known(&request.service) {
        return Err(ErrorResponse::new(ErrorKind::NotFound, "SERVICE_NOT_FOUND", "service not found").into());
    }
    Ok(ConnectResponse::new(response(*ready.borrow())))
}

async fn watch(
    State(ready): State<ReadySignal>,
    Valid(_): Valid<HealthCheckRequest>,
) -> Result<ConnectResponse<StreamBody<impl Stream<Item = Result<HealthCheckResponse, ConnectError>>>>, ConnectError> {
    let changes = stream::unfold((ready, false), |(mut ready, is_first_sent)| async move {
        if is_first_sent {
            ready.changed().await.ok()?;
        }
        let now = *ready.borrow_and_update();
        Some((Ok(response(now)), (ready, true)))
    });
    Ok(ConnectResponse::new(StreamBody::new(changes)))
}

/// All services of a process have the same status.
fn is_known(service: &str) -> bool {
    let belongs = |path: &str| {
        path.strip_prefix('/').and_then(|path| path.strip_prefix(service)).is_some_and(|rest| rest.starts_with('/'))
    };
    service.is_empty() || METHODS.iter().any(|method| belongs(method.path))
}

fn response(ready: bool) -> HealthCheckResponse {
    let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
    HealthCheckResponse { status: status.into() }
}
