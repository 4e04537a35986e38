// The main flows of an application: KITH_URL=http://localhost:8080 node flow.mjs
import assert from "node:assert/strict";
import diagnostics from "node:diagnostics_channel";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { check, checked, eventually, fails, invalidFields, reason, TIMEOUT } from "./checks.mjs";
import { RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { AuthService } from "./gen/kith/auth/v1/auth_pb.js";
import { PostKind } from "./gen/kith/posts/v1/post_pb.js";
import { PostService } from "./gen/kith/posts/v1/posts_pb.js";
import { NoticeKind } from "./gen/kith/realtime/v1/realtime_pb.js";
import { QuickKind } from "./gen/kith/support/v1/response_pb.js";
import { bearer, connect, device, register } from "./user.mjs";
import { Socket } from "./socket.mjs";

const baseUrl = process.env.KITH_URL;
assert.ok(baseUrl, "KITH_URL must be the URL of the server");

const sos = (body) => ({ kind: PostKind.SOS, urgency: 5, body, categories: ["alcohol"] });
const UNKNOWN_ID = "00000000-0000-7000-8000-000000000000";

// Requests as they are sent. An interceptor runs before the transport turns a call into a GET, so it cannot see that.
const requests = [];
diagnostics.subscribe("http.client.request.start", ({ request }) => {
  requests.push(`${request.method} ${request.path}`);
});

// Two users, one for each format.
const ann = await check("a user registers anonymously, in JSON", () => register(baseUrl));
const bob = await check("another user registers, in binary", () => register(baseUrl, { binary: true }));
assert.notEqual(ann.persona.id, bob.persona.id);

const open = async (user, format) => {
  const { ticket } = await user.auth.createRealtimeTicket({});
  return Socket.open(baseUrl, format, ticket);
};
const bobSocket = await check("a WebSocket opens with a ticket, in binary", () => open(bob, "proto"));
await check("the feed can be subscribed to", () => bobSocket.subscribe("feed"));

// An SOS and its responses.
const post = await check("an SOS is published", async () => {
  const created = await ann.posts.createPost(sos("I have a bottle in front of me."));
  assert.equal(created.post.author.id, ann.persona.id);
  return created.post;
});
await check("the other user receives it at once", async () => {
  const event = await bobSocket.payload("feed", "postCreated", (it) => it.id === post.id);
  assert.equal(event.body, post.body);
});
const annSocket = await check("its author subscribes, in JSON", async () => {
  const socket = await open(ann, "json");
  await socket.subscribe(`post:${post.id}`);
  await socket.subscribe("user");
  return socket;
});
const response = await check("the other user responds", async () => {
  const content = { case: "text", value: "Put it away. I am here." };
  return (await bob.support.createResponse({ postId: post.id, content })).response;
});
await check("the author receives the response at once", async () => {
  const event = await annSocket.payload(`post:${post.id}`, "responseCreated", (it) => it.id === response.id);
  assert.deepEqual(event.content, { case: "text", value: "Put it away. I am here." });
  assert.equal(event.author.id, bob.persona.id);
});
await check("repeated quick support is stored once", async () => {
  const hug = { postId: post.id, kind: QuickKind.HUG };
  const [first, again] = [await bob.support.quickSupport(hug), await bob.support.quickSupport(hug)];
  assert.equal(first.response.id, again.response.id);
  await annSocket.payload(`post:${post.id}`, "responseCreated", (it) => it.id === first.response.id);
});
await check("a helpful response is marked, and its author is notified", async () => {
  await bobSocket.subscribe("user");
  const { response: marked } = await ann.support.markHelpful({ responseId: response.id });
  assert.ok(marked.helpfulAt);
  const expected = (it) => it.kind === NoticeKind.MARKED_HELPFUL && it.responseId === response.id;
  await bobSocket.payload("user", "notice", expected);
});

// Reads by GET, streams and other protocols.
await check("a read is a GET", async () => {
  const found = await ann.posts.getPost({ postId: post.id });
  assert.equal(found.post.id, post.id);
  assert.ok(requests.some((it) => it.startsWith("GET /kith.posts.v1.PostService/GetPost?")), requests.join(", "));
});
await check("the feed can be streamed without a WebSocket", async () => {
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), TIMEOUT);
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
  await check(`${name} gets the same responses`, async () => {
    const posts = createClient(PostService, transport);
    assert.equal((await posts.getPost({ postId: post.id })).post.body, post.body);
    const error = await fails(posts.createPost({ ...sos("x"), urgency: 9 }), Code.InvalidArgument);
    assert.deepEqual(invalidFields(error), ["urgency"]);
    assert.ok(reason(error));
  });
}

// Errors, in both formats.
for (const [user, format] of [[ann, "JSON"], [bob, "binary"]]) {
  await check(`an error names every invalid field, in ${format}`, async () => {
    const invalid = user.posts.createPost({ kind: PostKind.UNSPECIFIED, urgency: 9, body: "" });
    const error = await fails(invalid, Code.InvalidArgument);
    assert.deepEqual(invalidFields(error).sort(), ["body", "kind", "urgency"]);
    assert.ok(reason(error));
  });
  await check(`a violation of a domain rule has the same form, in ${format}`, async () => {
    const error = await fails(user.posts.createPost({ ...sos("x"), urgency: 1 }), Code.InvalidArgument);
    assert.deepEqual(invalidFields(error), ["urgency"]);
    assert.ok(reason(error));
  });
  await check(`an unknown post is not found, in ${format}`, async () => {
    assert.ok(reason(await fails(user.posts.getPost({ postId: UNKNOWN_ID }), Code.NotFound)));
  });
}
await check("an invalid access token is rejected", async () => {
  const unauthenticated = device(baseUrl, { credentials: { accessToken: "invalid" } });
  assert.equal(reason(await fails(unauthenticated.users.getMe({}), Code.Unauthenticated)), "INVALID_ACCESS_TOKEN");
});

// Tokens.
const auth = createClient(AuthService, connect(baseUrl));
const refresh = async (refreshToken) => (await auth.refreshToken({ refreshToken })).credentials;
await check("a refresh returns new tokens, and a repeated refresh the same ones", async () => {
  const { credentials } = await auth.loginWithRecoveryCode({ recoveryCode: bob.recoveryCode, device: "another" });
  const second = await refresh(credentials.refreshToken);
  const again = await refresh(credentials.refreshToken);
  assert.equal(again.refreshToken, second.refreshToken);
  const { me } = await device(baseUrl, { credentials: again }).users.getMe({});
  assert.equal(me.persona.id, bob.persona.id);
});
await check("reuse of a refresh token ends its session", async () => {
  const { credentials } = await auth.loginWithRecoveryCode({ recoveryCode: bob.recoveryCode, device: "stolen" });
  const second = await refresh(credentials.refreshToken);
  const third = await refresh(second.refreshToken);
  reason(await fails(auth.refreshToken({ refreshToken: credentials.refreshToken }), Code.Unauthenticated));
  reason(await fails(auth.refreshToken({ refreshToken: third.refreshToken }), Code.Unauthenticated));
  const ended = device(baseUrl, { credentials: third });
  await eventually(() => ended.users.getMe({}).then(() => false, () => true));
  await bob.users.getMe({});
});

// Last, because it exhausts the login attempts of this address.
await check("repeated guesses are rate limited with a retry delay", async () => {
  for (;;) {
    const guess = auth.loginWithRecoveryCode({ recoveryCode: "0000-0000-0000-0000", device: "" });
    const error = await guess.then(() => assert.fail("a guessed recovery code was accepted"), (error) => error);
    if (error.code === Code.ResourceExhausted) {
      const [retry] = error.findDetails(RetryInfoSchema);
      assert.ok(retry.retryDelay.seconds > 0n || retry.retryDelay.nanos > 0);
      assert.ok(reason(error));
      return;
    }
    assert.ok([Code.Unauthenticated, Code.InvalidArgument].includes(error.code), error.message);
  }
});

bobSocket.close();
annSocket.close();
console.log(`${checked()} checks passed`);
// Idle connections would keep the process alive.
process.exit();
