// Calls, as any app makes them: Connect, in JSON.

// How long to wait before a call is repeated that got no answer.
const PAUSES = [300, 900, 2700];

// Who this window is. Each is somebody of their own, so nothing is shared between tabs.
export const kept = {
  get: () => JSON.parse(sessionStorage.getItem("kith") ?? "null"),
  set: (value) => sessionStorage.setItem("kith", JSON.stringify(value)),
  clear: () => sessionStorage.removeItem("kith"),
};

// What a call that creates something is known by, however often it is sent.
export const once = () => ({ "idempotency-key": crypto.randomUUID() });

class Refusal extends Error {
  constructor(status, { code, message }) {
    super(message ?? code ?? `HTTP ${status}`);
    this.status = status;
    this.code = code;
  }
}

class Unreachable extends Error {
  constructor() {
    super("Kith cannot be reached.");
  }
}

// One call. Whoever sends what creates something gives it a key: then a repeat finds what the first has done.
export async function send(method, body, headers = {}) {
  for (const pause of [...PAUSES, undefined]) {
    try {
      return await post(method, body, headers);
    } catch (error) {
      const mayPass = error instanceof Unreachable || error.status === 503;
      if (!mayPass || pause === undefined) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

async function post(method, body, headers) {
  const answer = await fetch(`/kith.${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", "connect-protocol-version": "1", ...headers },
    body: JSON.stringify(body),
  }).catch(() => { throw new Unreachable(); });
  const said = await answer.json().catch(() => { throw answer.ok ? new Unreachable() : new Refusal(answer.status, {}); });
  if (!answer.ok) throw new Refusal(answer.status, said);
  return said;
}

// A call by whoever this window is.
export async function call(method, body, headers = {}) {
  try {
    return await send(method, body, { ...bearer(), ...headers });
  } catch (refusal) {
    if (refusal.status !== 401) throw refusal;
    await refresh();
    return send(method, body, { ...bearer(), ...headers });
  }
}

const bearer = () => ({ authorization: `Bearer ${kept.get()?.credentials.accessToken}` });

let refreshing;
// Many calls may find the token too old at once; one of them gets the next.
function refresh() {
  refreshing ??= (async () => {
    const { refreshToken } = kept.get().credentials;
    const { credentials } = await send("auth.v1.AuthService/RefreshToken", { refreshToken });
    kept.set({ ...kept.get(), credentials });
  })().finally(() => { refreshing = undefined; });
  return refreshing;
}
