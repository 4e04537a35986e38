// RPC calls in the Connect protocol with JSON.

// Delays before retries in milliseconds.
const RETRY_DELAYS = [300, 900, 2700];

// Session of this tab. It is not shared between tabs, so each tab can be another account.
export const session = {
  get: () => JSON.parse(sessionStorage.getItem("kith") ?? "null"),
  set: (value) => sessionStorage.setItem("kith", JSON.stringify(value)),
  clear: () => sessionStorage.removeItem("kith"),
};

// Headers of a call that creates an object, so that retries have no further effect.
export const idempotencyKey = () => ({ "idempotency-key": crypto.randomUUID() });

class CallError extends Error {
  constructor(status, { code, message }) {
    super(message ?? code ?? `HTTP ${status}`);
    this.status = status;
    this.code = code;
  }
}

class ConnectionError extends Error {
  constructor() {
    super("The server cannot be reached.");
  }
}

// Sends a call and retries it if the server is unreachable. Calls that create an object need an idempotency key.
export async function send(method, body, headers = {}) {
  for (const delay of [...RETRY_DELAYS, undefined]) {
    try {
      return await post(method, body, headers);
    } catch (error) {
      const retryable = error instanceof ConnectionError || error.status === 503;
      if (!retryable || delay === undefined) throw error;
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
}

async function post(method, body, headers) {
  const response = await fetch(`/kith.${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", "connect-protocol-version": "1", ...headers },
    body: JSON.stringify(body),
  }).catch(() => { throw new ConnectionError(); });
  const message = await response.json().catch(() => {
    throw response.ok ? new ConnectionError() : new CallError(response.status, {});
  });
  if (!response.ok) throw new CallError(response.status, message);
  return message;
}

// Sends an authenticated call, and refreshes the access token if it has expired.
export async function call(method, body, headers = {}) {
  try {
    return await send(method, body, { ...bearer(), ...headers });
  } catch (error) {
    if (error.status !== 401) throw error;
    await refresh();
    return send(method, body, { ...bearer(), ...headers });
  }
}

const bearer = () => ({ authorization: `Bearer ${session.get()?.credentials.accessToken}` });

let refreshing;
// Concurrent calls share one refresh.
function refresh() {
  refreshing ??= (async () => {
    const { refreshToken } = session.get().credentials;
    const { credentials } = await send("auth.v1.AuthService/RefreshToken", { refreshToken });
    session.set({ ...session.get(), credentials });
  })().finally(() => { refreshing = undefined; });
  return refreshing;
}
