// Somebody with a device: an account, its tokens, and a client of every service.
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AuthService } from "./gen/kith/auth/v1/auth_pb.js";
import { PostService } from "./gen/kith/posts/v1/posts_pb.js";
import { SupportService } from "./gen/kith/support/v1/support_pb.js";
import { UserService } from "./gen/kith/users/v1/users_pb.js";

/** Connect over HTTP/1.1, JSON or binary; reads that may are GETs. */
export function connect(baseUrl, { binary = false, interceptors = [] } = {}) {
  return createConnectTransport({
    baseUrl,
    httpVersion: "1.1",
    useBinaryFormat: binary,
    useHttpGet: true,
    interceptors,
  });
}

/** Puts the access token of the moment into each call. */
export const bearer = (device) => (next) => (request) => {
  request.header.set("authorization", `Bearer ${device.credentials.accessToken}`);
  return next(request);
};

/** One who has just come. */
export async function register(baseUrl, options = {}) {
  const { persona, credentials, recoveryCode } = await createClient(
    AuthService,
    connect(baseUrl, options),
  ).registerAnonymous({ device: "a test" });
  return device(baseUrl, { persona, credentials, recoveryCode }, options);
}

/** Clients of every service for somebody with these credentials. */
export function device(baseUrl, who, options = {}) {
  const somebody = { ...who };
  const transport = connect(baseUrl, {
    ...options,
    interceptors: [bearer(somebody), ...(options.interceptors ?? [])],
  });
  somebody.auth = createClient(AuthService, transport);
  somebody.users = createClient(UserService, transport);
  somebody.posts = createClient(PostService, transport);
  somebody.support = createClient(SupportService, transport);
  return somebody;
}
