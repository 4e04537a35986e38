// One page to see Kith with: it speaks Connect (JSON) and the WebSocket as any app would, and nothing else.

const QUICK = {
  QUICK_KIND_YOU_GOT_THIS: "You got this",
  QUICK_KIND_STAY_STRONG: "Stay strong",
  QUICK_KIND_HERE_FOR_YOU: "Here for you",
  QUICK_KIND_PROUD_OF_YOU: "Proud of you",
  QUICK_KIND_HUG: "Hug",
};
const KINDS = {
  POST_KIND_SOS: "SOS",
  POST_KIND_CHECK_IN: "Check-in",
  POST_KIND_VICTORY: "Victory",
  POST_KIND_QUESTION: "Question",
};
const URGENCY = { POST_KIND_SOS: 5, POST_KIND_QUESTION: 3, POST_KIND_CHECK_IN: 2, POST_KIND_VICTORY: 1 };
const CATEGORIES = ["alcohol", "anxiety", "depression", "drugs", "eating", "family", "gambling", "gaming", "grief",
  "loneliness", "nicotine", "other", "self-harm", "sex", "sleep", "trauma", "work"];

const find = (selector, within = document) => within.querySelector(selector);

// --- who this window is: each window is somebody of their own, so nothing is shared between tabs ---

const kept = {
  get: () => JSON.parse(sessionStorage.getItem("kith") ?? "null"),
  set: (value) => sessionStorage.setItem("kith", JSON.stringify(value)),
  clear: () => sessionStorage.removeItem("kith"),
};

// --- calls ---

class Refusal extends Error {
  constructor(status, { code, message }) {
    super(message ?? code ?? `HTTP ${status}`);
    this.status = status;
    this.code = code;
  }
}

async function send(method, body, headers = {}) {
  const answer = await fetch(`/kith.${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", "connect-protocol-version": "1", ...headers },
    body: JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Refusal(answer.status, said);
  return said;
}

const bearer = () => ({ authorization: `Bearer ${kept.get()?.credentials.accessToken}` });

let refreshing;
function refresh() {
  refreshing ??= (async () => {
    const me = kept.get();
    const { credentials } = await send("auth.v1.AuthService/RefreshToken", { refreshToken: me.credentials.refreshToken });
    kept.set({ ...me, credentials });
  })().finally(() => { refreshing = undefined; });
  return refreshing;
}

// A call by whoever this window is. What creates something carries a key, so that a retry creates it once.
async function call(method, body, { once = false } = {}) {
  const key = once ? { "idempotency-key": crypto.randomUUID() } : {};
  try {
    return await send(method, body, { ...bearer(), ...key });
  } catch (refusal) {
    if (refusal.status !== 401) throw refusal;
    await refresh();
    return send(method, body, { ...bearer(), ...key });
  }
}

// --- words for people ---

let hushed;
function tell(words) {
  const notice = find("#notice");
  notice.textContent = words;
  notice.hidden = false;
  clearTimeout(hushed);
  hushed = setTimeout(() => { notice.hidden = true; }, 5000);
}

function on(target, event, work) {
  target.addEventListener(event, async (happening) => {
    happening.preventDefault();
    try {
      await work(happening);
    } catch (error) {
      tell(error.message);
    }
  });
}

// --- posts ---

const posts = new Map();

function card(post) {
  const found = posts.get(post.id);
  if (found) return found;
  const element = find("#post-template").content.cloneNode(true).firstElementChild;
  element.id = `post-${post.id}`;
  const entry = { element, post, responses: new Map() };
  for (const [kind, words] of Object.entries(QUICK)) {
    const tap = document.createElement("button");
    tap.textContent = words;
    on(tap, "click", () => call("support.v1.SupportService/QuickSupport", { postId: post.id, kind }, { once: true }));
    find(".taps", element).append(tap);
  }
  on(find(".answer", element), "submit", async ({ target }) => {
    const text = target.elements.text.value;
    await call("support.v1.SupportService/CreateResponse", { postId: post.id, text }, { once: true });
    target.reset();
  });
  posts.set(post.id, entry);
  return entry;
}

function showPost(post, { first = false } = {}) {
  const entry = card(post);
  entry.post = post;
  const { element } = entry;
  const own = post.author.id === kept.get()?.persona.id;
  element.dataset.kind = post.kind;
  element.dataset.resolved = String(Boolean(post.resolvedAt));
  find(".author", element).textContent = own ? `${post.author.handle} (you)` : post.author.handle;
  find(".kind", element).textContent = [KINDS[post.kind], ...(post.categories ?? []), post.resolvedAt && "resolved"]
    .filter(Boolean).join(" · ");
  find(".body", element).textContent = post.body;
  find("time", element).textContent = new Date(post.createdAt).toLocaleTimeString();
  find("time", element).dateTime = post.createdAt;
  find(".taps", element).hidden = own;
  const acts = [];
  if (own && post.kind === "POST_KIND_SOS" && !post.resolvedAt) {
    const resolve = document.createElement("button");
    resolve.textContent = "I am safe now";
    on(resolve, "click", () => call("posts.v1.PostService/ResolveSos", { postId: post.id }));
    acts.push(resolve);
  }
  if (own) {
    const remove = document.createElement("button");
    remove.textContent = "Delete";
    on(remove, "click", () => call("posts.v1.PostService/DeletePost", { postId: post.id }));
    acts.push(remove);
  }
  find(".own", element).replaceChildren(...acts);
  if (!element.isConnected) find("#posts")[first ? "prepend" : "append"](element);
  find("#empty").hidden = true;
  count(entry);
}

function count({ element, responses }) {
  const given = [...responses.values()];
  const taps = given.filter((response) => response.quick).length;
  const words = given.length - taps;
  find(".counts", element).textContent = `${words} in words, ${taps} in one tap`;
}

function hidePost(id) {
  const entry = posts.get(id);
  if (!entry) return;
  entry.element.remove();
  posts.delete(id);
  channels.delete(`post:${id}`);
  say({ unsubscribe: { channel: `post:${id}` } });
  find("#empty").hidden = posts.size > 0;
}

function showResponse(response) {
  const entry = posts.get(response.postId);
  if (!entry) return;
  entry.responses.set(response.id, response);
  let item = find(`#response-${response.id}`, entry.element);
  if (!item) {
    item = document.createElement("li");
    item.id = `response-${response.id}`;
    find(".responses", entry.element).append(item);
  }
  const author = document.createElement("b");
  author.textContent = response.author.handle;
  const text = document.createElement("span");
  text.className = "text";
  text.textContent = ` ${response.quick ? QUICK[response.quick] : response.text} `;
  item.replaceChildren(author, text);
  const mine = kept.get()?.persona.id;
  if (response.helpfulAt) {
    const helpful = document.createElement("span");
    helpful.className = "helpful";
    helpful.textContent = "it helped";
    item.append(helpful);
  } else if (entry.post.author.id === mine && response.author.id !== mine) {
    const helpful = document.createElement("button");
    helpful.textContent = "That helped";
    on(helpful, "click", () => call("support.v1.SupportService/MarkHelpful", { responseId: response.id }));
    item.append(helpful);
  }
  count(entry);
}

function hideResponse({ responseId, postId }) {
  const entry = posts.get(postId);
  if (!entry) return;
  entry.responses.delete(responseId);
  find(`#response-${responseId}`, entry.element)?.remove();
  count(entry);
}

// What stands there already. Asked for when the channel is open, so that nothing falls between the two.
async function readFeed() {
  const { posts: found = [] } = await call("posts.v1.PostService/GetFeed", { pageSize: 20 });
  const there = new Set(found.map(({ id }) => id));
  [...posts.keys()].filter((id) => !there.has(id)).forEach(hidePost);
  for (const post of found) {
    showPost(post);
    listen(`post:${post.id}`);
  }
}

async function readResponses(postId) {
  let pageToken = "";
  do {
    const page = await call("support.v1.SupportService/ListResponses", { postId, pageSize: 100, pageToken });
    (page.responses ?? []).forEach(showResponse);
    pageToken = page.nextPageToken ?? "";
  } while (pageToken);
}

// --- the line ---

// Each channel with the last position that was seen of it: what a client comes back with.
const channels = new Map();
let socket;
let attempts = 0;

function state(name, words) {
  find("#line").dataset.state = name;
  find("#line").textContent = words;
}

function say(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

function listen(channel) {
  if (channels.has(channel)) return;
  channels.set(channel, "");
  say({ subscribe: { channel } });
}

async function connect() {
  state("off", "connecting");
  const { ticket } = await call("auth.v1.AuthService/CreateRealtimeTicket", {});
  const line = new WebSocket(`${location.origin.replace("http", "ws")}/v1/realtime`, "kith.v1.json");
  socket = line;
  line.onopen = () => line.send(JSON.stringify({ hello: { ticket } }));
  line.onmessage = ({ data }) => hear(JSON.parse(data));
  line.onclose = ({ code, reason }) => {
    if (socket !== line) return;
    state("off", "not listening");
    if (!kept.get()) return;
    if (code >= 4500 && code < 5000) return leave();
    const hint = reason.startsWith("{") ? JSON.parse(reason).retryAfterMs : undefined;
    const wait = (hint ?? Math.min(30_000, 250 * 2 ** attempts)) * (0.5 + Math.random());
    attempts += 1;
    setTimeout(() => kept.get() && connect().catch(retry), wait);
  };
}

function retry(error) {
  if (error.status === 401) return leave();
  tell(error.message);
  setTimeout(() => kept.get() && connect().catch(retry), 2000);
}

function hear(frame) {
  if (frame.welcome) {
    attempts = 0;
    state("on", "listening");
    for (const wanted of ["user", "feed"]) if (!channels.has(wanted)) channels.set(wanted, "");
    for (const [channel, position] of channels) say({ subscribe: { channel, position } });
  } else if (frame.subscribed) {
    const { channel, position, recovered } = frame.subscribed;
    channels.set(channel, position);
    if (!recovered) read(channel);
  } else if (frame.lost) {
    channels.set(frame.lost.channel, frame.lost.position);
    read(frame.lost.channel);
  } else if (frame.position) {
    channels.set(frame.position.channel, frame.position.position);
  } else if (frame.unsubscribed) {
    channels.delete(frame.unsubscribed.channel);
  } else if (frame.event) {
    channels.set(frame.event.channel, frame.event.position);
    happened(frame.event);
  }
}

function read(channel) {
  const work = channel === "feed" ? readFeed() : channel.startsWith("post:") ? readResponses(channel.slice(5)) : undefined;
  work?.catch((error) => error.code !== "not_found" && tell(error.message));
}

function happened(event) {
  if (event.postCreated) {
    showPost(event.postCreated, { first: true });
    listen(`post:${event.postCreated.id}`);
  }
  if (event.postUpdated && posts.has(event.postUpdated.id)) showPost(event.postUpdated);
  if (event.postRemoved) hidePost(event.postRemoved.postId);
  if (event.responseCreated) showResponse(event.responseCreated);
  if (event.responseUpdated) showResponse(event.responseUpdated);
  if (event.responseRemoved) hideResponse(event.responseRemoved);
  if (event.notice?.kind === "NOTICE_KIND_RESPONSE_RECEIVED") tell("Somebody answered you.");
  if (event.notice?.kind === "NOTICE_KIND_MARKED_HELPFUL") tell("Your answer helped.");
}

// --- in and out ---

function enter() {
  const { persona } = kept.get();
  find("#who").textContent = persona.handle;
  find("#door").hidden = true;
  find("#leave").hidden = false;
  find("#compose").hidden = find("#feed").hidden = false;
  connect().catch(retry);
}

function leave() {
  kept.clear();
  socket?.close();
  location.reload();
}

for (const slug of CATEGORIES) find("#post [name=category]").append(new Option(slug, slug));

on(find("#register"), "submit", async ({ target }) => {
  const handle = target.elements.handle.value.trim();
  const body = { device: "the page", ...(handle && { handle }) };
  const headers = { "idempotency-key": crypto.randomUUID() };
  const { persona, credentials, recoveryCode } = await send("auth.v1.AuthService/RegisterAnonymous", body, headers);
  kept.set({ persona, credentials });
  find("#recovery-code").textContent = recoveryCode;
  find("#code").hidden = false;
  enter();
});

on(find("#recover"), "submit", async ({ target }) => {
  const recoveryCode = target.elements.code.value;
  const { credentials } = await send("auth.v1.AuthService/LoginWithRecoveryCode", { recoveryCode, device: "the page" });
  kept.set({ credentials, persona: {} });
  const { me } = await call("users.v1.UserService/GetMe", {});
  kept.set({ ...kept.get(), persona: me.persona });
  target.reset();
  enter();
});

on(find("#post"), "submit", async ({ target }) => {
  const { kind, body, category } = target.elements;
  const post = { kind: kind.value, urgency: URGENCY[kind.value], body: body.value, categories: category.value ? [category.value] : [] };
  await call("posts.v1.PostService/CreatePost", post, { once: true });
  body.value = "";
});

on(find("#leave"), "click", async () => {
  await call("auth.v1.AuthService/Logout", {});
  leave();
});

on(find("#kept"), "click", () => {
  find("#code").hidden = true;
  find("#recovery-code").textContent = "";
});

if (kept.get()) enter();
