// Demo page. It uses the public API: Connect with JSON, and the WebSocket.
//
// api.js       RPC calls and the session
// realtime.js  the WebSocket and its channels
// feed.js      posts and responses
// ui.js        labels, notices and event handlers
//
// This file: login, logout and the form for posts.

import { call, session, idempotencyKey, send } from "/api.js";
import { handleEvent, load } from "/feed.js";
import { close, open } from "/realtime.js";
import { CATEGORIES, find, on, notify } from "/ui.js";

const URGENCY = { POST_KIND_SOS: 5, POST_KIND_QUESTION: 3, POST_KIND_CHECK_IN: 2, POST_KIND_VICTORY: 1 };

function showFeed() {
  find("#current-user").textContent = session.get().persona.handle;
  find("#login").hidden = true;
  for (const part of ["#current-user", "#connection", "#logout", "#compose", "#feed"]) find(part).hidden = false;
  open({ load, handleEvent, sessionEnded: endSession });
}

function endSession() {
  session.clear();
  close();
  location.reload();
}

on(find("#register"), "submit", async ({ target }) => {
  const handle = target.elements.handle.value.trim();
  const body = { device: "demo page", ...(handle && { handle }) };
  const { persona, credentials, recoveryCode } = await send("auth.v1.AuthService/RegisterAnonymous", body, idempotencyKey());
  session.set({ persona, credentials });
  find("#recovery-code").textContent = recoveryCode;
  find("#code").hidden = false;
  showFeed();
  find("#confirm-code").focus();
});

on(find("#recover"), "submit", async ({ target }) => {
  const recoveryCode = target.elements.code.value;
  const { credentials } = await send("auth.v1.AuthService/LoginWithRecoveryCode", { recoveryCode, device: "demo page" });
  session.set({ credentials, persona: {} });
  const { me } = await call("users.v1.UserService/GetMe", {});
  session.set({ ...session.get(), persona: me.persona });
  target.reset();
  showFeed();
  find("#post textarea").focus();
});

on(find("#confirm-code"), "click", () => {
  find("#code").hidden = true;
  find("#recovery-code").textContent = "";
  find("#post textarea").focus();
});

on(find("#post"), "submit", async ({ target }) => {
  const { kind, body, category } = target.elements;
  const categories = category.value ? [category.value] : [];
  const post = { kind: kind.value, urgency: URGENCY[kind.value], body: body.value, categories };
  await call("posts.v1.PostService/CreatePost", post, idempotencyKey());
  body.value = "";
  notify("Posted.");
});

on(find("#logout"), "click", async () => {
  // An expired session counts as logged out.
  await call("auth.v1.AuthService/Logout", {}).catch((error) => { if (error.status !== 401) throw error; });
  endSession();
});

for (const slug of CATEGORIES) find("#post [name=category]").append(new Option(slug, slug));

if (session.get()) showFeed();
