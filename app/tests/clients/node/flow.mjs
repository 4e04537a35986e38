// What an app does, from the outside: KITH_URL=http://localhost:8080 node flow.mjs
import assert from "node:assert/strict";
import diagnostics from "node:diagnostics_channel";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { check, checked, blamed, PATIENCE, reason, refused, soon } from "./checks.mjs";
import { RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { AuthService } from "./gen/kith/auth/v1/auth_pb.js";
import { PostKind } from "./gen/kith/posts/v1/post_pb.js";
import { PostService } from "./gen/kith/posts/v1/posts_pb.js";
import { NoticeKind } from "./gen/kith/realtime/v1/realtime_pb.js";
import { QuickKind } from "./gen/kith/support/v1/response_pb.js";
import { bearer, connect, device, register } from "./people.mjs";
import { Socket } from "./socket.mjs";

const baseUrl = process.env.KITH_URL;
assert.ok(baseUrl, "KITH_URL says where the server is");

const sos = (body) => ({ kind: PostKind.SOS, urgency: 5, body, categories: ["alcohol"] });
const NOBODYS = "00000000-0000-7000-8000-000000000000";

// What goes over the wire: an interceptor is asked before the transport makes a GET of a call.
const requests = [];
diagnostics.subscribe("http.client.request.start", ({ request }) => {
  requests.push(`${request.method} ${request.path}`);
});

// Two people, one in each format.
const ann = await check("a person comes without a name, in JSON", () => register(baseUrl));
const bob = await check("another comes, in binary", () => register(baseUrl, { binary: true }));
assert.notEqual(ann.persona.id, bob.persona.id);

const open = async (who, format) => {
  const { ticket } = await who.auth.createRealtimeTicket({});
  return Socket.open(baseUrl, format, ticket);
};
const watching = await check("a WebSocket opens with a ticket, in binary", () => open(bob, "proto"));
await check("the feed can be listened to", () => watching.subscribe("feed"));

// The SOS, and what comes of it.
const post = await check("an SOS is published", async () => {
  const created = await ann.posts.createPost(sos("I have a bottle in front of me."));
  assert.equal(created.post.author.id, ann.persona.id);
  return created.post;
});
await check("it is in front of the other at once", async () => {
  const seen = await watching.payload("feed", "postCreated", (it) => it.id === post.id);
  assert.equal(seen.body, post.body);
});
const waiting = await check("its author listens, in JSON", async () => {
  const socket = await open(ann, "json");
  await socket.subscribe(`post:${post.id}`);
  await socket.subscribe("user");
  return socket;
});
const answer = await check("the other answers", async () => {
  const content = { case: "text", value: "Put it away. I am here." };
  return (await bob.support.createResponse({ postId: post.id, content })).response;
});
await check("the author sees the answer at once", async () => {
  const seen = await waiting.payload(`post:${post.id}`, "responseCreated", (it) => it.id === answer.id);
  assert.deepEqual(seen.content, { case: "text", value: "Put it away. I am here." });
  assert.equal(seen.author.id, bob.persona.id);
});
await check("the same quick support twice is one", async () => {
  const hug = { postId: post.id, kind: QuickKind.HUG };
  const [first, again] = [await bob.support.quickSupport(hug), await bob.support.quickSupport(hug)];
  assert.equal(first.response.id, again.response.id);
  await waiting.payload(`post:${post.id}`, "responseCreated", (it) => it.id === first.response.id);
});
await check("an answer that helped is marked, and its author is told", async () => {
  await watching.subscribe("user");
  const { response } = await ann.support.markHelpful({ responseId: answer.id });
  assert.ok(response.helpfulAt);
  const told = (it) => it.kind === NoticeKind.MARKED_HELPFUL && it.responseId === answer.id;
  await watching.payload("user", "notice", told);
});

// Ways to read.
await check("a read is a GET", async () => {
  const found = await ann.posts.getPost({ postId: post.id });
  assert.equal(found.post.id, post.id);
  assert.ok(requests.some((it) => it.startsWith("GET /kith.posts.v1.PostService/GetPost?")), requests.join(", "));
});
await check("the feed streams to who has no WebSocket", async () => {
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), PATIENCE);
  let [published, seen] = [undefined, undefined];
  for await (const { kind } of ann.posts.streamFeed({}, { signal: end.signal })) {
    if (kind.case === "started") {
      published = (await bob.posts.createPost(sos("It is a bad evening."))).post.id;
    } else if (kind.case === "created" && kind.value.id === published) {
      seen = kind.value.id;
      break;
    }
  }
  clearTimeout(timer);
  end.abort();
  assert.equal(seen, published);
});
for (const [name, transport] of [
  ["gRPC-Web", createGrpcWebTransport({ baseUrl, httpVersion: "1.1", interceptors: [bearer(bob)] })],
  ["gRPC", createGrpcTransport({ baseUrl, interceptors: [bearer(bob)] })],
]) {
  await check(`${name} is answered alike`, async () => {
    const posts = createClient(PostService, transport);
    assert.equal((await posts.getPost({ postId: post.id })).post.body, post.body);
    const refusal = await refused(posts.createPost({ ...sos("x"), urgency: 9 }), Code.InvalidArgument);
    assert.deepEqual(blamed(refusal), ["urgency"]);
    assert.ok(reason(refusal));
  });
}

// Refusals, in both formats.
for (const [who, format] of [[ann, "JSON"], [bob, "binary"]]) {
  await check(`a refusal names every field that is to blame, in ${format}`, async () => {
    const wrong = who.posts.createPost({ kind: PostKind.UNSPECIFIED, urgency: 9, body: "" });
    const refusal = await refused(wrong, Code.InvalidArgument);
    assert.deepEqual(blamed(refusal).sort(), ["body", "kind", "urgency"]);
    assert.ok(reason(refusal));
  });
  await check(`a rule that needs more than the message is refused alike, in ${format}`, async () => {
    const refusal = await refused(who.posts.createPost({ ...sos("x"), urgency: 1 }), Code.InvalidArgument);
    assert.deepEqual(blamed(refusal), ["urgency"]);
    assert.ok(reason(refusal));
  });
  await check(`what there is not is not found, in ${format}`, async () => {
    assert.ok(reason(await refused(who.posts.getPost({ postId: NOBODYS }), Code.NotFound)));
  });
}
await check("who brings a bad token is told so", async () => {
  const stranger = device(baseUrl, { credentials: { accessToken: "nobody" } });
  assert.equal(reason(await refused(stranger.users.getMe({}), Code.Unauthenticated)), "INVALID_ACCESS_TOKEN");
});

// Tokens.
const auth = createClient(AuthService, connect(baseUrl));
const refresh = async (refreshToken) => (await auth.refreshToken({ refreshToken })).credentials;
await check("a refresh token gives new tokens, and a lost reply gives the same again", async () => {
  const { credentials } = await auth.loginWithRecoveryCode({ recoveryCode: bob.recoveryCode, device: "another" });
  const second = await refresh(credentials.refreshToken);
  const again = await refresh(credentials.refreshToken);
  assert.equal(again.refreshToken, second.refreshToken);
  const { me } = await device(baseUrl, { credentials: again }).users.getMe({});
  assert.equal(me.persona.id, bob.persona.id);
});
await check("a refresh token that was stolen ends the session of both", async () => {
  const { credentials } = await auth.loginWithRecoveryCode({ recoveryCode: bob.recoveryCode, device: "stolen" });
  const second = await refresh(credentials.refreshToken);
  const third = await refresh(second.refreshToken);
  reason(await refused(auth.refreshToken({ refreshToken: credentials.refreshToken }), Code.Unauthenticated));
  reason(await refused(auth.refreshToken({ refreshToken: third.refreshToken }), Code.Unauthenticated));
  const late = device(baseUrl, { credentials: third });
  await soon(() => late.users.getMe({}).then(() => false, () => true));
  await bob.users.getMe({});
});

// Last, since it uses up what this address may try.
await check("who guesses is told how long to wait", async () => {
  for (;;) {
    const guess = auth.loginWithRecoveryCode({ recoveryCode: "0000-0000-0000-0000", device: "" });
    const refusal = await guess.then(() => assert.fail("a guess came true"), (error) => error);
    if (refusal.code === Code.ResourceExhausted) {
      const [retry] = refusal.findDetails(RetryInfoSchema);
      assert.ok(retry.retryDelay.seconds > 0n || retry.retryDelay.nanos > 0);
      assert.ok(reason(refusal));
      return;
    }
    assert.ok([Code.Unauthenticated, Code.InvalidArgument].includes(refusal.code), refusal.message);
  }
});

watching.close();
waiting.close();
console.log(`${checked()} checks held`);
// Connections that idle would keep the program alive.
process.exit();
