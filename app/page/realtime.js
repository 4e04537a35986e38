// The WebSocket connection, its channels and reconnects. The protocol is described in docs/realtime.md.

import { call, session } from "/api.js";
import { find } from "/ui.js";

// Last position of each channel, sent when subscribing again after a reconnect.
const channels = new Map();
let listener;
let socket;
let attempts = 0;

// Connects. Calls `load(channel)` if the state of a channel must be loaded, `handleEvent(event)` for each event, and
// `sessionEnded()` if the session has been revoked.
export function open(handlers) {
  listener = handlers;
  connect();
}

export function subscribe(channel) {
  if (channels.has(channel)) return;
  channels.set(channel, "");
  send({ subscribe: { channel } });
}

export function unsubscribe(channel) {
  if (channels.delete(channel)) send({ unsubscribe: { channel } });
}

export function close() {
  const closing = socket;
  socket = undefined;
  closing?.close();
}

function showState(name, text) {
  find("#connection").dataset.state = name;
  find("#connection").textContent = text;
}

function send(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

async function connect() {
  if (!session.get()) return;
  showState("off", attempts ? "reconnecting" : "connecting");
  try {
    const { ticket } = await call("auth.v1.AuthService/CreateRealtimeTicket", {});
    const opening = new WebSocket(`${location.origin.replace("http", "ws")}/v1/realtime`, "kith.v1.json");
    socket = opening;
    opening.onopen = () => opening.send(JSON.stringify({ hello: { ticket } }));
    opening.onmessage = ({ data }) => receive(JSON.parse(data));
    opening.onclose = ({ code, reason }) => socket === opening && closed(code, reason);
  } catch (error) {
    if (error.status === 401) listener.sessionEnded();
    else reconnect();
  }
}

// Close codes 4000 to 4499 and broken connections are retried. Codes from 4500 are not, except 4500, an expired ticket,
// because a new ticket is requested anyway. The reason of a close frame can contain a delay.
function closed(code, reason) {
  const details = reason.startsWith("{") ? JSON.parse(reason) : {};
  if (details.reason === "SESSION_REVOKED") return listener.sessionEnded();
  if (code > 4500 && code < 5000) return showState("off", `disconnected: ${details.reason}`);
  reconnect(details.retryAfterMs);
}

// The delay is randomized, so that clients do not reconnect at the same time. The server randomizes its own hint.
function reconnect(hint) {
  showState("off", "reconnecting");
  const wait = hint ?? Math.min(30_000, 250 * 2 ** attempts) * (0.5 + Math.random());
  attempts += 1;
  setTimeout(connect, wait);
}

function receive(frame) {
  if (frame.welcome) {
    attempts = 0;
    showState("on", "connected");
    for (const channel of ["user", "feed"]) if (!channels.has(channel)) channels.set(channel, "");
    for (const [channel, position] of channels) send({ subscribe: { channel, position } });
  } else if (frame.subscribed) {
    const { channel, position, recovered } = frame.subscribed;
    setPosition(channel, position);
    // Loaded after the subscription is confirmed, so that no event is missed in between.
    if (!recovered) listener.load(channel);
  } else if (frame.gap) {
    setPosition(frame.gap.channel, frame.gap.position);
    listener.load(frame.gap.channel);
  } else if (frame.unsubscribed) {
    removeChannel(frame.unsubscribed);
  } else if (frame.event) {
    setPosition(frame.event.channel, frame.event.position);
    listener.handleEvent(frame.event);
  }
}

// Ignores frames of channels that have been unsubscribed.
function setPosition(channel, position) {
  if (channels.has(channel)) channels.set(channel, position);
}

function removeChannel({ channel, reason }) {
  if (reason !== "UNSUBSCRIBED_REASON_UNAVAILABLE") return channels.delete(channel);
  setTimeout(() => channels.has(channel) && send({ subscribe: { channel, position: channels.get(channel) } }), 2000);
}
