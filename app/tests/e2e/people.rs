//! Somebody with an account, on one device.

use serde_json::{Value, json};

use crate::client::{Client, Refused, answer, elsewhere, text};

/// Somebody.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) client: Client,
    pub(crate) persona: String,
    pub(crate) session: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) code: String,
}

impl Person {
    /// Comes without a name.
    pub(crate) async fn register(client: &Client) -> Self {
        Self::try_register(client).await.expect("an answer").expect("an account")
    }

    /// The same, where the server may be gone.
    pub(crate) async fn try_register(client: &Client) -> Option<Result<Self, Refused>> {
        let call = client.call("RegisterAnonymous").header("x-forwarded-for", elsewhere()).json(&json!({}));
        Some(answer(call).await?.map(|welcome| {
            Self {
                client: client.clone(),
                persona: text(&welcome["persona"]["id"]),
                session: String::new(),
                access: String::new(),
                refresh: String::new(),
                code: text(&welcome["recoveryCode"]),
            }
            .holding(&welcome["credentials"])
        }))
    }

    /// With these credentials.
    pub(crate) fn holding(mut self, credentials: &Value) -> Self {
        self.access = text(&credentials["accessToken"]);
        self.refresh = text(&credentials["refreshToken"]);
        self.session = text(&credentials["sessionId"]);
        assert!(!self.access.is_empty() && !self.refresh.is_empty() && !self.session.is_empty());
        self
    }

    /// On another device.
    pub(crate) async fn elsewhere(&self) -> Self {
        let body = json!({ "recoveryCode": self.code, "device": "another" });
        let call = self.client.call("LoginWithRecoveryCode").header("x-forwarded-for", elsewhere()).json(&body);
        self.clone().holding(&answer(call).await.unwrap().unwrap()["credentials"])
    }

    /// At the server where it is now.
    pub(crate) fn moved(&self, url: &str) -> Self {
        Self { client: self.client.moved(url), ..self.clone() }
    }

    /// What came of a call. `None` if the server is gone.
    pub(crate) async fn tries(&self, method: &str, body: &Value) -> Option<Result<Value, Refused>> {
        answer(self.client.call(method).bearer_auth(&self.access).json(body)).await
    }

    /// What a call answers, or is refused with.
    pub(crate) async fn says(&self, method: &str, body: &Value) -> Result<Value, Refused> {
        self.tries(method, body).await.unwrap_or_else(|| panic!("{method}: no answer"))
    }

    /// What a call answers that is not refused.
    pub(crate) async fn does(&self, method: &str, body: &Value) -> Value {
        self.says(method, body).await.unwrap_or_else(|refused| panic!("{method}: {refused:?}"))
    }

    /// The id of an SOS of theirs.
    pub(crate) async fn sos(&self, words: &str) -> String {
        text(&self.does("CreatePost", &sos(words)).await["post"]["id"])
    }

    /// The id of an answer of theirs.
    pub(crate) async fn answers(&self, post: &str, words: &str) -> String {
        let given = self.does("CreateResponse", &json!({ "postId": post, "text": words })).await;
        text(&given["response"]["id"])
    }

    /// The id of a quick support of theirs.
    pub(crate) async fn hugs(&self, post: &str) -> String {
        text(&self.does("QuickSupport", &hug(post)).await["response"]["id"])
    }

    /// Their own account.
    pub(crate) async fn me(&self) -> Value {
        self.does("GetMe", &json!({})).await["me"].take()
    }

    /// A post, as they see it.
    pub(crate) async fn sees(&self, post: &str) -> Result<Value, Refused> {
        Ok(self.says("GetPost", &json!({ "postId": post })).await?["post"].take())
    }

    /// What a refresh of this token gives.
    pub(crate) async fn refreshes(&self, token: &str) -> Result<Value, Refused> {
        let body = json!({ "refreshToken": token });
        let call = self.client.call("RefreshToken").header("x-forwarded-for", elsewhere()).json(&body);
        Ok(answer(call).await.expect("an answer")?["credentials"].take())
    }

    /// What a WebSocket is opened with.
    pub(crate) async fn ticket(&self) -> String {
        text(&self.does("CreateRealtimeTicket", &json!({})).await["ticket"])
    }
}

/// An SOS as it is sent.
pub(crate) fn sos(words: &str) -> Value {
    json!({ "kind": "POST_KIND_SOS", "urgency": 5, "body": words, "categories": ["alcohol"] })
}

/// A quick support as it is sent.
pub(crate) fn hug(post: &str) -> Value {
    json!({ "postId": post, "kind": "QUICK_KIND_HUG" })
}
