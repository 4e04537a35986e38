//! A user on one device.

use serde_json::{Value, json};

use crate::client::{CallError, Client, send, text, unused_address};

/// Account, session and client of a user.
#[derive(Clone)]
pub(crate) struct TestUser {
    pub(crate) client: Client,
    pub(crate) persona: String,
    pub(crate) session: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) recovery_code: String,
}

impl TestUser {
    /// Registers an anonymous account.
    pub(crate) async fn register(client: &Client) -> Self {
        Self::try_register(client).await.expect("a response").expect("an account")
    }

    /// Registers an anonymous account. Returns `None` if the server is unreachable.
    pub(crate) async fn try_register(client: &Client) -> Option<Result<Self, CallError>> {
        let call = client.request("RegisterAnonymous").header("x-forwarded-for", unused_address()).json(&json!({}));
        Some(send(call).await?.map(|welcome| {
            Self {
                client: client.clone(),
                persona: text(&welcome["persona"]["id"]),
                session: String::new(),
                access_token: String::new(),
                refresh_token: String::new(),
                recovery_code: text(&welcome["recoveryCode"]),
            }
            .with_credentials(&welcome["credentials"])
        }))
    }

    /// Replaces the credentials by those of a response.
    pub(crate) fn with_credentials(mut self, credentials: &Value) -> Self {
        self.access_token = text(&credentials["accessToken"]);
        self.refresh_token = text(&credentials["refreshToken"]);
        self.session = text(&credentials["sessionId"]);
        assert!(!self.access_token.is_empty() && !self.refresh_token.is_empty() && !self.session.is_empty());
        self
    }

    /// Logs in on another device with the recovery code.
    pub(crate) async fn log_in_again(&self) -> Self {
        let body = json!({ "recoveryCode": self.recovery_code, "device": "another" });
        let call = self.client.request("LoginWithRecoveryCode").header("x-forwarded-for", unused_address()).json(&body);
        self.clone().with_credentials(&send(call).await.unwrap().unwrap()["credentials"])
    }

    /// Returns the same user, calling the server at a new URL.
    pub(crate) fn with_url(&self, url: &str) -> Self {
        Self { client: self.client.with_url(url), ..self.clone() }
    }

    /// Calls a method. Returns `None` if the server is unreachable.
    pub(crate) async fn try_call(&self, method: &str, body: &Value) -> Option<Result<Value, CallError>> {
        send(self.client.request(method).bearer_auth(&self.access_token).json(body)).await
    }

    /// Calls a method and returns its response or error.
    pub(crate) async fn call(&self, method: &str, body: &Value) -> Result<Value, CallError> {
        self.try_call(method, body).await.unwrap_or_else(|| panic!("{method}: no response"))
    }

    /// Calls a method and returns its response.
    ///
    /// # Panics
    /// If the response is an error.
    pub(crate) async fn call_ok(&self, method: &str, body: &Value) -> Value {
        self.call(method, body).await.unwrap_or_else(|error| panic!("{method}: {error:?}"))
    }

    /// Creates an SOS and returns its id.
    pub(crate) async fn create_sos(&self, body: &str) -> String {
        text(&self.call_ok("CreatePost", &sos(body)).await["post"]["id"])
    }

    /// Creates a text response and returns its id.
    pub(crate) async fn respond(&self, post: &str, body: &str) -> String {
        let created = self.call_ok("CreateResponse", &json!({ "postId": post, "text": body })).await;
        text(&created["response"]["id"])
    }

    /// Sends quick support and returns its id.
    pub(crate) async fn send_hug(&self, post: &str) -> String {
        text(&self.call_ok("QuickSupport", &hug(post)).await["response"]["id"])
    }

    /// Returns the user's own account.
    pub(crate) async fn me(&self) -> Value {
        self.call_ok("GetMe", &json!({})).await["me"].take()
    }

    /// Returns a post as the user sees it.
    pub(crate) async fn get_post(&self, post: &str) -> Result<Value, CallError> {
        Ok(self.call("GetPost", &json!({ "postId": post })).await?["post"].take())
    }

    /// Exchanges a refresh token for new credentials.
    pub(crate) async fn refresh_session(&self, token: &str) -> Result<Value, CallError> {
        let body = json!({ "refreshToken": token });
        let call = self.client.request("RefreshToken").header("x-forwarded-for", unused_address()).json(&body);
        Ok(send(call).await.expect("a response")?["credentials"].take())
    }

    /// Creates a single-use ticket for a WebSocket.
    pub(crate) async fn realtime_ticket(&self) -> String {
        text(&self.call_ok("CreateRealtimeTicket", &json!({})).await["ticket"])
    }
}

/// Request that creates an SOS.
pub(crate) fn sos(body: &str) -> Value {
    json!({ "kind": "POST_KIND_SOS", "urgency": 5, "body": body, "categories": ["alcohol"] })
}

/// Request that sends quick support.
pub(crate) fn hug(post: &str) -> Value {
    json!({ "postId": post, "kind": "QUICK_KIND_HUG" })
}
