// The line: one WebSocket, the channels on it, and how it comes back. docs/realtime.md says why it is so.

import { call, kept } from "/calls.js";
import { find } from "/words.js";

// Each channel with the last position that was seen of it: what a client comes back with.
const channels = new Map();
let heard;
let socket;
let attempts = 0;

// Opens it. `heard.read(channel)` is called where the state has to be read, `heard.happened(event)` with each event, and
// `heard.ended()` once there is no coming back.
export function open(listener) {
  heard = listener;
  connect();
}

export function listen(channel) {
  if (channels.has(channel)) return;
  channels.set(channel, "");
  say({ subscribe: { channel } });
}

export function forget(channel) {
  if (channels.delete(channel)) say({ unsubscribe: { channel } });
}

export function close() {
  const line = socket;
  socket = undefined;
  line?.close();
}

function state(name, words) {
  find("#line").dataset.state = name;
  find("#line").textContent = words;
}

function say(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

async function connect() {
  if (!kept.get()) return;
  state("off", attempts ? "coming back" : "connecting");
  try {
    const { ticket } = await call("auth.v1.AuthService/CreateRealtimeTicket", {});
    const line = new WebSocket(`${location.origin.replace("http", "ws")}/v1/realtime`, "kith.v1.json");
    socket = line;
    line.onopen = () => line.send(JSON.stringify({ hello: { ticket } }));
    line.onmessage = ({ data }) => hear(JSON.parse(data));
    line.onclose = ({ code, reason }) => socket === line && closed(code, reason);
  } catch (error) {
    if (error.status === 401) heard.ended();
    else later();
  }
}

// 4000 to 4499, and a line that broke, come back; 4500 and above do not, save that a ticket that was too old is no harm
// to one who asks for another. The text of a close frame may say when.
function closed(code, reason) {
  const said = reason.startsWith("{") ? JSON.parse(reason) : {};
  if (said.reason === "SESSION_REVOKED") return heard.ended();
  if (code > 4500 && code < 5000) return state("off", `not listening: ${said.reason}`);
  later(said.retryAfterMs);
}

// Spread, so that those who were cut together do not come back together. What the server said is spread already.
function later(hint) {
  state("off", "coming back");
  const wait = hint ?? Math.min(30_000, 250 * 2 ** attempts) * (0.5 + Math.random());
  attempts += 1;
  setTimeout(connect, wait);
}

function hear(frame) {
  if (frame.welcome) {
    attempts = 0;
    state("on", "listening");
    for (const wanted of ["user", "feed"]) if (!channels.has(wanted)) channels.set(wanted, "");
    for (const [channel, position] of channels) say({ subscribe: { channel, position } });
  } else if (frame.subscribed) {
    const { channel, position, recovered } = frame.subscribed;
    reached(channel, position);
    // Asked for when the channel is open, so that nothing falls between the two.
    if (!recovered) heard.read(channel);
  } else if (frame.lost) {
    reached(frame.lost.channel, frame.lost.position);
    heard.read(frame.lost.channel);
  } else if (frame.unsubscribed) {
    gone(frame.unsubscribed);
  } else if (frame.event) {
    reached(frame.event.channel, frame.event.position);
    heard.happened(frame.event);
  }
}

// A frame may still come from a channel that was given back.
function reached(channel, position) {
  if (channels.has(channel)) channels.set(channel, position);
}

function gone({ channel, reason }) {
  if (reason !== "UNSUBSCRIBED_REASON_UNAVAILABLE") return channels.delete(channel);
  setTimeout(() => channels.has(channel) && say({ subscribe: { channel, position: channels.get(channel) } }), 2000);
}
