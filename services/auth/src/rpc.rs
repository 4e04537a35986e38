//! `kith.auth.v1.AuthService`: convert, call, convert. Nothing is decided here.

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::{PageSize, SessionId, id::InvalidId};
use kith_proto::{
    Caller, ClaimedId, Valid,
    auth::v1::{
        CreateRealtimeTicketRequest, CreateRealtimeTicketResponse, Credentials as WireCredentials, ListSessionsRequest,
        ListSessionsResponse, LoginRequest, LoginResponse, LoginWithRecoveryCodeRequest, LoginWithRecoveryCodeResponse,
        LogoutRequest, LogoutResponse, RefreshTokenRequest, RefreshTokenResponse, RegisterAnonymousRequest,
        RegisterAnonymousResponse, RegisterWithEmailRequest, RegisterWithEmailResponse, RevokeSessionRequest,
        RevokeSessionResponse, Session as WireSession, UpgradeAccountRequest, UpgradeAccountResponse,
        auth_service_connect::AuthServiceBuilder,
    },
    convert::{persona, timestamp},
    to_connect_error,
};

use crate::{
    Error, Service,
    domain::{Appearance, Credentials, Device, Email, NewPassword, Password},
    service::{Listed, list_name},
};

type Auth = State<Arc<Service>>;
type Answer<T> = Result<ConnectResponse<T>, ConnectError>;

/// All methods of the service.
pub fn router(service: Arc<Service>) -> Router {
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
        .with_state(service)
        .build()
}

async fn register_anonymous(
    State(auth): Auth,
    ClaimedId(claimed): ClaimedId,
    Valid(request): Valid<RegisterAnonymousRequest>,
) -> Answer<RegisterAnonymousResponse> {
    let appearance = appearance(request.handle, request.avatar);
    let welcome = auth.register_anonymous(claimed, appearance, &Device::new(&request.device)).await?;
    Ok(ConnectResponse::new(RegisterAnonymousResponse {
        persona: Some(persona(&welcome.persona)),
        credentials: Some(credentials(welcome.credentials)),
        recovery_code: welcome.recovery.shown(),
    }))
}

async fn register_with_email(
    State(auth): Auth,
    ClaimedId(claimed): ClaimedId,
    Valid(request): Valid<RegisterWithEmailRequest>,
) -> Answer<RegisterWithEmailResponse> {
    let (email, password) = entrance(&request.email, &request.password)?;
    let appearance = appearance(request.handle, request.avatar);
    let device = Device::new(&request.device);
    let welcome = auth.register_with_email(claimed, &email, &password, appearance, &device).await?;
    Ok(ConnectResponse::new(RegisterWithEmailResponse {
        persona: Some(persona(&welcome.persona)),
        credentials: Some(credentials(welcome.credentials)),
        recovery_code: welcome.recovery.shown(),
    }))
}

async fn login(State(auth): Auth, Valid(request): Valid<LoginRequest>) -> Answer<LoginResponse> {
    let (password, device) = (Password::new(&request.password), Device::new(&request.device));
    let entered = auth.login(&request.email, &password, &device).await?;
    Ok(ConnectResponse::new(LoginResponse { credentials: Some(credentials(entered)) }))
}

async fn login_with_recovery_code(
    State(auth): Auth,
    Valid(request): Valid<LoginWithRecoveryCodeRequest>,
) -> Answer<LoginWithRecoveryCodeResponse> {
    let entered = auth.login_with_recovery_code(&request.recovery_code, &Device::new(&request.device)).await?;
    Ok(ConnectResponse::new(LoginWithRecoveryCodeResponse { credentials: Some(credentials(entered)) }))
}

async fn upgrade_account(
    State(auth): Auth,
    Caller(actor): Caller,
    Valid(request): Valid<UpgradeAccountRequest>,
) -> Answer<UpgradeAccountResponse> {
    let (email, password) = entrance(&request.email, &request.password)?;
    auth.upgrade(&actor, &email, &password).await?;
    Ok(ConnectResponse::new(UpgradeAccountResponse {}))
}

async fn refresh_token(State(auth): Auth, Valid(request): Valid<RefreshTokenRequest>) -> Answer<RefreshTokenResponse> {
    let traded = auth.refresh(&request.refresh_token).await?;
    Ok(ConnectResponse::new(RefreshTokenResponse { credentials: Some(credentials(traded)) }))
}

async fn logout(
    State(auth): Auth,
    Caller(actor): Caller,
    Valid(LogoutRequest {}): Valid<LogoutRequest>,
) -> Answer<LogoutResponse> {
    auth.logout(&actor).await?;
    Ok(ConnectResponse::new(LogoutResponse {}))
}

async fn list_sessions(
    State(auth): Auth,
    Caller(actor): Caller,
    Valid(request): Valid<ListSessionsRequest>,
) -> Answer<ListSessionsResponse> {
    let list = list_name(actor.user);
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let after = auth.pager.cursor(&list, &request.page_token).map_err(Error::from)?;
    let page = auth.list(&actor, size, after).await?;
    Ok(ConnectResponse::new(ListSessionsResponse {
        sessions: page.items.iter().map(session).collect(),
        next_page_token: auth.pager.token(&list, page.next),
    }))
}

async fn revoke_session(
    State(auth): Auth,
    Caller(actor): Caller,
    Valid(request): Valid<RevokeSessionRequest>,
) -> Answer<RevokeSessionResponse> {
    auth.revoke(&actor, session_id(&request.session_id)?).await?;
    Ok(ConnectResponse::new(RevokeSessionResponse {}))
}

async fn create_realtime_ticket(
    State(auth): Auth,
    Caller(actor): Caller,
    Valid(CreateRealtimeTicketRequest {}): Valid<CreateRealtimeTicketRequest>,
) -> Answer<CreateRealtimeTicketResponse> {
    let ticket = auth.booth.issue(&actor).await?;
    let expires_at = Some(timestamp(ticket.expires_at));
    Ok(ConnectResponse::new(CreateRealtimeTicketResponse { ticket: ticket.text, expires_at }))
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        to_connect_error(&error)
    }
}

fn entrance(email: &str, password: &str) -> Result<(Email, NewPassword), Error> {
    let email = Email::new(email)?;
    let password = NewPassword::new(password, &email)?;
    Ok((email, password))
}

fn appearance(handle: Option<String>, avatar: Option<u32>) -> Appearance {
    // What is no picture's number stays none, for whoever opens the account to refuse.
    Appearance { handle, avatar: avatar.map(|avatar| u8::try_from(avatar).unwrap_or(u8::MAX)) }
}

/// What is no id is the id of nothing.
fn session_id(text: &str) -> Result<SessionId, Error> {
    text.parse().map_err(|InvalidId| Error::NoSuchSession)
}

fn credentials(credentials: Credentials) -> WireCredentials {
    WireCredentials {
        access_token: credentials.access,
        access_token_expires_at: Some(timestamp(credentials.access_expires_at)),
        refresh_token: credentials.refresh,
        refresh_token_expires_at: Some(timestamp(credentials.refresh_expires_at)),
        session_id: credentials.session.to_string(),
    }
}

fn session(listed: &Listed) -> WireSession {
    WireSession {
        id: listed.id.to_string(),
        device: listed.device.name().to_owned(),
        created_at: Some(timestamp(listed.created_at)),
        refreshed_at: Some(timestamp(listed.refreshed_at)),
        current: listed.current,
    }
}
