// The WebSocket, as an app would hold it: a ticket in the first frame, a subprotocol for each format.
import assert from "node:assert/strict";
import { create, fromBinary, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import WebSocket from "ws";
import { PATIENCE } from "./checks.mjs";
import { ClientFrameSchema, ServerFrameSchema } from "./gen/kith/realtime/v1/realtime_pb.js";

const FORMATS = {
  json: {
    subprotocol: "kith.v1.json",
    write: (frame) => toJsonString(ClientFrameSchema, frame),
    read: (data) => fromJsonString(ServerFrameSchema, data.toString()),
  },
  proto: {
    subprotocol: "kith.v1.proto",
    write: (frame) => toBinary(ClientFrameSchema, frame),
    read: (data) => fromBinary(ServerFrameSchema, data),
  },
};

/** One connection. Frames that nobody has asked for yet wait in order. */
export class Socket {
  #socket;
  #format;
  #waiting = [];
  #bell = () => {};

  constructor(socket, format) {
    this.#socket = socket;
    this.#format = format;
    socket.on("message", (data) => this.#push({ frame: format.read(data) }));
    socket.on("close", (code, text) => this.#push({ closed: { code, text: text.toString() } }));
    socket.on("error", (error) => this.#push({ closed: { code: 0, text: error.message } }));
  }

  /** Opens one, says who is there, and waits for the welcome. */
  static async open(baseUrl, format, ticket) {
    const url = new URL("/v1/realtime", baseUrl);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const { subprotocol } = FORMATS[format];
    const socket = new WebSocket(url, [subprotocol]);
    const opened = new Socket(socket, FORMATS[format]);
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    assert.equal(socket.protocol, subprotocol);
    opened.#say("hello", { ticket });
    await opened.next("welcome");
    return opened;
  }

  /** Asks for a channel, and waits until it is there. */
  async subscribe(channel) {
    this.#say("subscribe", { channel });
    const subscribed = await this.next("subscribed");
    assert.equal(subscribed.channel, channel);
  }

  /** The next payload of this kind on this channel; `wanted` may pass over others of the kind. */
  async payload(channel, kind, wanted = () => true) {
    for (;;) {
      const event = await this.next("event");
      if (event.channel === channel && event.payload.case === kind && wanted(event.payload.value)) {
        assert.ok(event.id && event.position && event.at, "an event can be known and resumed from");
        return event.payload.value;
      }
    }
  }

  /** The next frame of this kind. */
  async next(kind) {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const { frame, closed } = await this.#pull(end, kind);
      assert.ok(!closed, `closed with ${closed?.code} ${closed?.text} while waiting for ${kind}`);
      if (frame.kind.case === kind) {
        return frame.kind.value;
      }
    }
  }

  close() {
    this.#socket.close();
  }

  #say(kind, value) {
    const frame = create(ClientFrameSchema, { kind: { case: kind, value } });
    this.#socket.send(this.#format.write(frame));
  }

  #push(item) {
    this.#waiting.push(item);
    this.#bell();
  }

  async #pull(end, kind) {
    while (this.#waiting.length === 0) {
      const left = end - Date.now();
      assert.ok(left > 0, `no ${kind} in time`);
      let timer;
      await new Promise((resolve) => {
        this.#bell = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
    return this.#waiting.shift();
  }
}
