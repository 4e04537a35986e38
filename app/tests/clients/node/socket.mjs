// WebSocket client: a ticket in the first frame, a subprotocol for each format.
import assert from "node:assert/strict";
import { create, fromBinary, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import WebSocket from "ws";
import { TIMEOUT } from "./checks.mjs";
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

/** One connection. Received frames are queued until they are read. */
export class Socket {
  #socket;
  #format;
  #queue = [];
  #wake = () => {};

  constructor(socket, format) {
    this.#socket = socket;
    this.#format = format;
    socket.on("message", (data) => this.#push({ frame: format.read(data) }));
    socket.on("close", (code, text) => this.#push({ closed: { code, text: text.toString() } }));
    socket.on("error", (error) => this.#push({ closed: { code: 0, text: error.message } }));
  }

  /** Connects, sends the ticket and waits for the welcome frame. */
  static async open(baseUrl, format, ticket) {
    const url = new URL("/v1/realtime", baseUrl);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const { subprotocol } = FORMATS[format];
    const socket = new WebSocket(url, [subprotocol]);
    const opened = new Socket(socket, FORMATS[format]);
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    assert.equal(socket.protocol, subprotocol);
    opened.#send("hello", { ticket });
    await opened.next("welcome");
    return opened;
  }

  /** Subscribes to a channel and waits for the confirmation. */
  async subscribe(channel) {
    this.#send("subscribe", { channel });
    const subscribed = await this.next("subscribed");
    assert.equal(subscribed.channel, channel);
  }

  /** Waits for the next matching payload of a kind on a channel. */
  async payload(channel, kind, matches = () => true) {
    for (;;) {
      const event = await this.next("event");
      if (event.channel === channel && event.payload.case === kind && matches(event.payload.value)) {
        assert.ok(event.id && event.position && event.at, "an event needs an id, a position and a time");
        return event.payload.value;
      }
    }
  }

  /** Waits for the next frame of a kind and skips others. */
  async next(kind) {
    const end = Date.now() + TIMEOUT;
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

  #send(kind, value) {
    const frame = create(ClientFrameSchema, { kind: { case: kind, value } });
    this.#socket.send(this.#format.write(frame));
  }

  #push(item) {
    this.#queue.push(item);
    this.#wake();
  }

  async #pull(end, kind) {
    while (this.#queue.length === 0) {
      const left = end - Date.now();
      assert.ok(left > 0, `timed out waiting for ${kind}`);
      let timer;
      await new Promise((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
    return this.#queue.shift();
  }
}
