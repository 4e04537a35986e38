// One page to see Kith with: it speaks Connect (JSON) and the WebSocket as any app would, and nothing else.
//
// calls.js  calls, and who this window is
// line.js   the WebSocket and its channels
// feed.js   posts and answers
// words.js  what is said to people
//
// Here: in and out, and what is posted.

import { call, kept, once, send } from "/calls.js";
import { happened, read } from "/feed.js";
import { close, open } from "/line.js";
import { CATEGORIES, find, on, tell } from "/words.js";

const URGENCY = { POST_KIND_SOS: 5, POST_KIND_QUESTION: 3, POST_KIND_CHECK_IN: 2, POST_KIND_VICTORY: 1 };

function enter() {
  find("#who").textContent = kept.get().persona.handle;
  find("#door").hidden = true;
  for (const part of ["#who", "#line", "#leave", "#compose", "#feed"]) find(part).hidden = false;
  open({ read, happened, ended: leave });
}

function leave() {
  kept.clear();
  close();
  location.reload();
}

on(find("#register"), "submit", async ({ target }) => {
  const handle = target.elements.handle.value.trim();
  const body = { device: "the page", ...(handle && { handle }) };
  const { persona, credentials, recoveryCode } = await send("auth.v1.AuthService/RegisterAnonymous", body, once());
  kept.set({ persona, credentials });
  find("#recovery-code").textContent = recoveryCode;
  find("#code").hidden = false;
  enter();
  find("#kept").focus();
});

on(find("#recover"), "submit", async ({ target }) => {
  const recoveryCode = target.elements.code.value;
  const { credentials } = await send("auth.v1.AuthService/LoginWithRecoveryCode", { recoveryCode, device: "the page" });
  kept.set({ credentials, persona: {} });
  const { me } = await call("users.v1.UserService/GetMe", {});
  kept.set({ ...kept.get(), persona: me.persona });
  target.reset();
  enter();
  find("#post textarea").focus();
});

on(find("#kept"), "click", () => {
  find("#code").hidden = true;
  find("#recovery-code").textContent = "";
  find("#post textarea").focus();
});

on(find("#post"), "submit", async ({ target }) => {
  const { kind, body, category } = target.elements;
  const categories = category.value ? [category.value] : [];
  const post = { kind: kind.value, urgency: URGENCY[kind.value], body: body.value, categories };
  await call("posts.v1.PostService/CreatePost", post, once());
  body.value = "";
  tell("It is posted.");
});

on(find("#leave"), "click", async () => {
  // Who is not known any more has left already.
  await call("auth.v1.AuthService/Logout", {}).catch((error) => { if (error.status !== 401) throw error; });
  leave();
});

for (const slug of CATEGORIES) find("#post [name=category]").append(new Option(slug, slug));

if (kept.get()) enter();
