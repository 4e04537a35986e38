// Posts and answers, as they are and as they become.

import { call, kept, once } from "/calls.js";
import { forget, listen } from "/line.js";
import { find, KINDS, on, QUICK, tell } from "/words.js";

// The most posts shown. Each is a channel, and a connection has 128 of them.
const SHOWN = 50;

const posts = new Map();
const mine = (thing) => thing.author.id === kept.get()?.persona.id;
const named = (thing) => mine(thing) ? `${thing.author.handle} (you)` : thing.author.handle;

// Reads what a channel is about.
export async function read(channel) {
  try {
    if (channel === "feed") await readFeed();
    if (channel.startsWith("post:")) await readResponses(channel.slice(5));
  } catch (error) {
    if (error.code !== "not_found") tell(error.message);
  }
}

export function happened(event) {
  if (event.postCreated) appeared(event.postCreated);
  if (posts.has(event.postUpdated?.id)) showPost(event.postUpdated);
  if (event.postRemoved) hidePost(event.postRemoved.postId);
  if (event.responseCreated) showResponse(event.responseCreated);
  if (event.responseUpdated) showResponse(event.responseUpdated);
  if (event.responseRemoved) hideResponse(event.responseRemoved);
  if (event.notice?.kind === "NOTICE_KIND_RESPONSE_RECEIVED") tell("Somebody answered you.");
  if (event.notice?.kind === "NOTICE_KIND_MARKED_HELPFUL") tell("Your answer helped.");
  if (event.notice?.kind === "NOTICE_KIND_MILESTONE_REACHED") tell("You have come to a milestone.");
}

async function readFeed() {
  const { posts: found = [] } = await call("posts.v1.PostService/GetFeed", { pageSize: 20 });
  const there = new Set(found.map(({ id }) => id));
  [...posts.keys()].filter((id) => !there.has(id)).forEach(hidePost);
  found.toReversed().forEach(showPost);
  // Those that stood there already keep their place in the document, and with it what is being written there.
  const list = find("#posts");
  found.forEach(({ id }, place) => {
    const { element } = posts.get(id);
    if (list.children[place] !== element) list.insertBefore(element, list.children[place]);
  });
}

async function readResponses(postId) {
  const found = [];
  let pageToken = "";
  do {
    const page = await call("support.v1.SupportService/ListResponses", { postId, pageSize: 100, pageToken });
    found.push(...page.responses ?? []);
    pageToken = page.nextPageToken ?? "";
  } while (pageToken);
  const there = new Set(found.map(({ id }) => id));
  const known = [...posts.get(postId)?.responses.keys() ?? []];
  known.filter((id) => !there.has(id)).forEach((responseId) => hideResponse({ responseId, postId }));
  found.forEach(showResponse);
}

// --- posts ---

function appeared(post) {
  if (!posts.has(post.id) && post.kind === "POST_KIND_SOS" && !mine(post)) tell(`${post.author.handle} asks for help.`);
  showPost(post);
  [...posts.keys()].slice(0, -SHOWN).forEach(hidePost);
}

function card(post) {
  const element = find("#post-template").content.cloneNode(true).firstElementChild;
  element.id = `post-${post.id}`;
  for (const [kind, words] of Object.entries(QUICK)) {
    const tap = document.createElement("button");
    Object.assign(tap, { type: "button", textContent: words, ariaPressed: "false" });
    tap.dataset.kind = kind;
    on(tap, "click", () => call("support.v1.SupportService/QuickSupport", { postId: post.id, kind }, once()));
    find(".taps", element).append(tap);
  }
  on(find(".answer", element), "submit", async ({ target }) => {
    const text = target.elements.text.value;
    await call("support.v1.SupportService/CreateResponse", { postId: post.id, text }, once());
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
    listen(`post:${post.id}`);
  }
  entry.post = post;
  const { element } = entry;
  element.dataset.kind = post.kind;
  element.dataset.resolved = String(Boolean(post.resolvedAt));
  find(".author", element).textContent = named(post);
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
  forget(`post:${id}`);
  find("#empty").hidden = posts.size > 0;
}

// --- answers ---

function count({ element, responses }) {
  const taps = [...responses.values()].filter(({ quick }) => quick);
  const words = responses.size - taps.length;
  find(".counts", element).textContent =
    responses.size ? `${words} in words, ${taps.length} in one tap` : "Nobody has answered yet.";
  const given = new Set(taps.filter(mine).map(({ quick }) => quick));
  for (const tap of find(".taps", element).children) tap.ariaPressed = String(given.has(tap.dataset.kind));
}

function said(className, words) {
  const part = document.createElement("span");
  part.className = className;
  part.textContent = words;
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
  author.textContent = named(response);
  item.replaceChildren(author, said("text", QUICK[response.quick] ?? response.text));
  if (response.helpfulAt) {
    item.append(said("helpful", "it helped"));
  } else if (mine(entry.post) && !mine(response)) {
    const helpful = document.createElement("button");
    Object.assign(helpful, { type: "button", textContent: "That helped" });
    on(helpful, "click", () => call("support.v1.SupportService/MarkHelpful", { responseId: response.id }));
    item.append(helpful);
  }
  if (!known) {
    Object.assign(item, { id: `response-${response.id}`, tabIndex: -1 });
    find(".responses", entry.element).append(item);
  } else if (hadFocus) {
    // The button is gone; who uses a keyboard goes on from here, not from the top.
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
