//! Conversion of results to messages.

use kith_proto::{
    auth::v1::{Credentials as CredentialsMessage, Session as SessionMessage},
    convert::timestamp,
};

use crate::{domain::Credentials, service::SessionView};

pub(super) fn credentials(credentials: Credentials) -> CredentialsMessage {
    CredentialsMessage {
        access_token: credentials.access,
        access_token_expires_at: Some(timestamp(credentials.access_expires_at)),
        refresh_token: credentials.refresh,
        refresh_token_expires_at: Some(timestamp(credentials.refresh_expires_at)),
        session_id: credentials.session.to_string(),
    }
}

pub(super) fn session(view: &SessionView) -> SessionMessage {
    SessionMessage {
        id: view.id.to_string(),
        device: view.device.name().to_owned(),
        created_at: Some(timestamp(view.created_at)),
        refreshed_at: Some(timestamp(view.refreshed_at)),
        current: view.is_current,
    }
}
