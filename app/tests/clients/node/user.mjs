// A user on one device: an account, its tokens, and a client of every service.
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AuthService } from "./gen/kith/auth/v1/auth_pb.js";
import { PostService } from "./gen/kith/posts/v1/posts_pb.js";
import { SupportService } from "./gen/kith/support/v1/support_pb.js";
import { UserService } from "./gen/kith/users/v1/users_pb.js";

/** Connect transport over HTTP/1.1, JSON or binary. Methods without side effects are sent as GET. */
export function connect(baseUrl, { binary = false, interceptors = [] } = {}) {
  return createConnectTransport({
    baseUrl,
    httpVersion: "1.1",
    useBinaryFormat: binary,
    useHttpGet: true,
    interceptors,
  });
}

/** Interceptor that adds the current access token to each call. */
export const bearer = (device) => (next) => (request) => {
  request.header.set("authorization", `Bearer ${device.credentials.accessToken}`);
  return next(request);
};

/** Registers an anonymous account. */
export async function register(baseUrl, options = {}) {
  const { persona, credentials, recoveryCode } = await createClient(
    AuthService,
    connect(baseUrl, options),
  ).registerAnonymous({ device: "a test" });
  return device(baseUrl, { persona, credentials, recoveryCode }, options);
}

/** Creates clients of every service with these credentials. */
export function device(baseUrl, account, options = {}) {
  const user = { ...account };
  const transport = connect(baseUrl, {
    ...options,
    interceptors: [bearer(user), ...(options.interceptors ?? [])],
  });
  user.auth = createClient(AuthService, transport);
  user.users = createClient(UserService, transport);
  user.posts = createClient(PostService, transport);
  user.support = createClient(SupportService, transport);
  return user;
}
