// Posts and responses, loaded and then updated by events.

import { call, idempotencyKey, session } from "/api.js";
import { subscribe, unsubscribe } from "/realtime.js";
import { find, KINDS, on, QUICK, notify } from "/ui.js";

// Maximum number of posts. Each is a channel, and a connection can have 128 channels.
const MAX_POSTS = 50;

const posts = new Map();
const mine = (thing) => thing.author.id === session.get()?.persona.id;
const authorName = (thing) => mine(thing) ? `${thing.author.handle} (you)` : thing.author.handle;

// Loads the state of a channel.
export async function load(channel) {
  try {
    if (channel === "feed") await loadFeed();
    if (channel.startsWith("post:")) await loadResponses(channel.slice(5));
  } catch (error) {
    if (error.code !== "not_found") notify(error.message);
  }
}

export function handleEvent(event) {
  if (event.postCreated) addPost(event.postCreated);
  if (posts.has(event.postUpdated?.id)) showPost(event.postUpdated);
  if (event.postRemoved) hidePost(event.postRemoved.postId);
  if (event.responseCreated) showResponse(event.responseCreated);
  if (event.responseUpdated) showResponse(event.responseUpdated);
  if (event.responseRemoved) hideResponse(event.responseRemoved);
  if (event.notice?.kind === "NOTICE_KIND_RESPONSE_RECEIVED") notify("You received a response.");
  if (event.notice?.kind === "NOTICE_KIND_MARKED_HELPFUL") notify("Your response was marked as helpful.");
  if (event.notice?.kind === "NOTICE_KIND_MILESTONE_REACHED") notify("You reached a milestone.");
}

async function loadFeed() {
  const { posts: found = [] } = await call("posts.v1.PostService/GetFeed", { pageSize: 20 });
  const current = new Set(found.map(({ id }) => id));
  [...posts.keys()].filter((id) => !current.has(id)).forEach(hidePost);
  found.toReversed().forEach(showPost);
  // Existing elements are moved instead of replaced, so that text in their forms is kept.
  const list = find("#posts");
  found.forEach(({ id }, place) => {
    const { element } = posts.get(id);
    if (list.children[place] !== element) list.insertBefore(element, list.children[place]);
  });
}

async function loadResponses(postId) {
  const found = [];
  let pageToken = "";
  do {
    const page = await call("support.v1.SupportService/ListResponses", { postId, pageSize: 100, pageToken });
    found.push(...page.responses ?? []);
    pageToken = page.nextPageToken ?? "";
  } while (pageToken);
  const current = new Set(found.map(({ id }) => id));
  const known = [...posts.get(postId)?.responses.keys() ?? []];
  known.filter((id) => !current.has(id)).forEach((responseId) => hideResponse({ responseId, postId }));
  found.forEach(showResponse);
}

// --- posts ---

function addPost(post) {
  if (!posts.has(post.id) && post.kind === "POST_KIND_SOS" && !mine(post)) notify(`${post.author.handle} asks for help.`);
  showPost(post);
  [...posts.keys()].slice(0, -MAX_POSTS).forEach(hidePost);
}

function card(post) {
  const element = find("#post-template").content.cloneNode(true).firstElementChild;
  element.id = `post-${post.id}`;
  for (const [kind, text] of Object.entries(QUICK)) {
    const tap = document.createElement("button");
    Object.assign(tap, { type: "button", textContent: text, ariaPressed: "false" });
    tap.dataset.kind = kind;
    on(tap, "click", () => call("support.v1.SupportService/QuickSupport", { postId: post.id, kind }, idempotencyKey()));
    find(".taps", element).append(tap);
  }
  on(find(".answer", element), "submit", async ({ target }) => {
    const text = target.elements.text.value;
    await call("support.v1.SupportService/CreateResponse", { postId: post.id, text }, idempotencyKey());
    target.reset();
  });
  on(find(".resolve", element), "click", () => call("posts.v1.PostService/ResolveSos", { postId: post.id }));
  on(find(".remove", element), "click", () => call("posts.v1.PostService/DeletePost", { postId: post.id }));
  return element;
}

function showPost(post) {
  let entry = posts.get(post.id);
  if (!entry) {
    entry = { element: card(post), responses: new Map() };
    posts.set(post.id, entry);
    find("#posts").prepend(entry.element);
    subscribe(`post:${post.id}`);
  }
  entry.post = post;
  const { element } = entry;
  element.dataset.kind = post.kind;
  element.dataset.resolved = String(Boolean(post.resolvedAt));
  find(".author", element).textContent = authorName(post);
  find(".kind", element).textContent = [KINDS[post.kind], ...post.categories ?? [], post.resolvedAt && "safe now"]
    .filter(Boolean).join(" · ");
  find(".body", element).textContent = post.body;
  const time = find("time", element);
  time.dateTime = post.createdAt;
  time.textContent = new Date(post.createdAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  find(".taps", element).hidden = mine(post);
  find(".resolve", element).hidden = !(mine(post) && post.kind === "POST_KIND_SOS" && !post.resolvedAt);
  find(".remove", element).hidden = !mine(post);
  find("#empty").hidden = true;
  count(entry);
}

function hidePost(id) {
  const entry = posts.get(id);
  if (!entry) return;
  entry.element.remove();
  posts.delete(id);
  unsubscribe(`post:${id}`);
  find("#empty").hidden = posts.size > 0;
}

// --- responses ---

function count({ element, responses }) {
  const taps = [...responses.values()].filter(({ quick }) => quick);
  const texts = responses.size - taps.length;
  find(".counts", element).textContent =
    responses.size ? `responses: ${texts}, quick support: ${taps.length}` : "No responses yet.";
  const given = new Set(taps.filter(mine).map(({ quick }) => quick));
  for (const tap of find(".taps", element).children) tap.ariaPressed = String(given.has(tap.dataset.kind));
}

function span(className, text) {
  const part = document.createElement("span");
  part.className = className;
  part.textContent = text;
  return part;
}

function showResponse(response) {
  const entry = posts.get(response.postId);
  if (!entry) return;
  entry.responses.set(response.id, response);
  const known = find(`#response-${response.id}`, entry.element);
  const item = known ?? document.createElement("li");
  const hadFocus = item.contains(document.activeElement);
  const author = document.createElement("b");
  author.textContent = authorName(response);
  item.replaceChildren(author, span("text", QUICK[response.quick] ?? response.text));
  if (response.helpfulAt) {
    item.append(span("helpful", "helpful"));
  } else if (mine(entry.post) && !mine(response)) {
    const helpful = document.createElement("button");
    Object.assign(helpful, { type: "button", textContent: "Mark as helpful" });
    on(helpful, "click", () => call("support.v1.SupportService/MarkHelpful", { responseId: response.id }));
    item.append(helpful);
  }
  if (!known) {
    Object.assign(item, { id: `response-${response.id}`, tabIndex: -1 });
    find(".responses", entry.element).append(item);
  } else if (hadFocus) {
    // The focused button was removed; keyboard focus moves to the item instead of the top of the page.
    item.focus();
  }
  count(entry);
}

function hideResponse({ responseId, postId }) {
  const entry = posts.get(postId);
  if (!entry?.responses.delete(responseId)) return;
  find(`#response-${responseId}`, entry.element)?.remove();
  count(entry);
}
