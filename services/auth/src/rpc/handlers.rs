//! Handlers of the methods.

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::{PageSize, PageTokenCodec};
use kith_proto::{
    Caller, ClaimedId, Valid,
    auth::v1::{
        CreateRealtimeTicketRequest, CreateRealtimeTicketResponse, ListSessionsRequest, ListSessionsResponse,
        LoginRequest, LoginResponse, LoginWithRecoveryCodeRequest, LoginWithRecoveryCodeResponse, LogoutRequest,
        LogoutResponse, RefreshTokenRequest, RefreshTokenResponse, RegisterAnonymousRequest, RegisterAnonymousResponse,
        RegisterWithEmailRequest, RegisterWithEmailResponse, RevokeSessionRequest, RevokeSessionResponse,
        UpgradeAccountRequest, UpgradeAccountResponse, auth_service_connect::AuthServiceBuilder,
    },
    convert::{persona, timestamp},
};

use super::{presenter, request};
use crate::{
    Error, Service, TicketIssuer,
    domain::{Device, Password},
};

/// State of the handlers.
#[derive(Clone)]
pub struct Handlers {
    pub service: Arc<Service>,
    pub tickets: Arc<TicketIssuer>,
    pub page_tokens: Arc<PageTokenCodec>,
}

type HandlerResult<T> = Result<ConnectResponse<T>, ConnectError>;

/// Routes of all methods of the service.
pub fn router(handlers: Handlers) -> Router {
    AuthServiceBuilder::new()
        .register_anonymous(register_anonymous)
        .register_with_email(register_with_email)
        .login(login)
        .login_with_recovery_code(login_with_recovery_code)
        .upgrade_account(upgrade_account)
        .refresh_token(refresh_token)
        .logout(logout)
        .list_sessions(list_sessions)
        .revoke_session(revoke_session)
        .create_realtime_ticket(create_realtime_ticket)
        .with_state(handlers)
        .build()
}

async fn register_anonymous(
    State(handlers): State<Handlers>,
    ClaimedId(id): ClaimedId,
    Valid(message): Valid<RegisterAnonymousRequest>,
) -> HandlerResult<RegisterAnonymousResponse> {
    let profile = request::profile(message.handle, message.avatar);
    let registration = handlers.service.register_anonymous(id, profile, &Device::new(&message.device)).await?;
    Ok(ConnectResponse::new(RegisterAnonymousResponse {
        persona: Some(persona(&registration.persona)),
        credentials: Some(presenter::credentials(registration.credentials)),
        recovery_code: registration.recovery_code.formatted(),
    }))
}

async fn register_with_email(
    State(handlers): State<Handlers>,
    ClaimedId(id): ClaimedId,
    Valid(message): Valid<RegisterWithEmailRequest>,
) -> HandlerResult<RegisterWithEmailResponse> {
    let (email, password) = request::email_and_password(&message.email, &message.password)?;
    let profile = request::profile(message.handle, message.avatar);
    let device = Device::new(&message.device);
    let registration = handlers.service.register_with_email(id, &email, &password, profile, &device).await?;
    Ok(ConnectResponse::new(RegisterWithEmailResponse {
        persona: Some(persona(&registration.persona)),
        credentials: Some(presenter::credentials(registration.credentials)),
        recovery_code: registration.recovery_code.formatted(),
    }))
}

async fn login(State(handlers): State<Handlers>, Valid(message): Valid<LoginRequest>) -> HandlerResult<LoginResponse> {
    let (password, device) = (Password::new(&message.password), Device::new(&message.device));
    let credentials = handlers.service.login(&message.email, &password, &device).await?;
    Ok(ConnectResponse::new(LoginResponse { credentials: Some(presenter::credentials(credentials)) }))
}

async fn login_with_recovery_code(
    State(handlers): State<Handlers>,
    Valid(message): Valid<LoginWithRecoveryCodeRequest>,
) -> HandlerResult<LoginWithRecoveryCodeResponse> {
    let device = Device::new(&message.device);
    let credentials = handlers.service.login_with_recovery_code(&message.recovery_code, &device).await?;
    Ok(ConnectResponse::new(LoginWithRecoveryCodeResponse { credentials: Some(presenter::credentials(credentials)) }))
}

async fn upgrade_account(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<UpgradeAccountRequest>,
) -> HandlerResult<UpgradeAccountResponse> {
    let (email, password) = request::email_and_password(&message.email, &message.password)?;
    handlers.service.upgrade(&actor, &email, &password).await?;
    Ok(ConnectResponse::new(UpgradeAccountResponse {}))
}

async fn refresh_token(
    State(handlers): State<Handlers>,
    Valid(message): Valid<RefreshTokenRequest>,
) -> HandlerResult<RefreshTokenResponse> {
    let credentials = handlers.service.refresh(&message.refresh_token).await?;
    Ok(ConnectResponse::new(RefreshTokenResponse { credentials: Some(presenter::credentials(credentials)) }))
}

async fn logout(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(LogoutRequest {}): Valid<LogoutRequest>,
) -> HandlerResult<LogoutResponse> {
    handlers.service.logout(&actor).await?;
    Ok(ConnectResponse::new(LogoutResponse {}))
}

async fn list_sessions(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<ListSessionsRequest>,
) -> HandlerResult<ListSessionsResponse> {
    let list = format!("sessions/{}", actor.user);
    let size = PageSize::new(message.page_size).map_err(Error::from)?;
    let after = handlers.page_tokens.cursor(&list, &message.page_token).map_err(Error::from)?;
    let page = handlers.service.list_sessions(&actor, size, after).await?;
    Ok(ConnectResponse::new(ListSessionsResponse {
        sessions: page.items.iter().map(presenter::session).collect(),
        next_page_token: handlers.page_tokens.token(&list, page.next),
    }))
}

async fn revoke_session(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<RevokeSessionRequest>,
) -> HandlerResult<RevokeSessionResponse> {
    handlers.service.revoke_session(&actor, request::session_id(&message.session_id)?).await?;
    Ok(ConnectResponse::new(RevokeSessionResponse {}))
}

async fn create_realtime_ticket(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(CreateRealtimeTicketRequest {}): Valid<CreateRealtimeTicketRequest>,
) -> HandlerResult<CreateRealtimeTicketResponse> {
    let ticket = handlers.tickets.issue(&actor).await?;
    let expires_at = Some(timestamp(ticket.expires_at));
    Ok(ConnectResponse::new(CreateRealtimeTicketResponse { ticket: ticket.text, expires_at }))
}
