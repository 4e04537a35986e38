// WebSocket server with Bun's built-in publish: `bun bun.js <port>`. Every socket receives the feed; POST /pub/feed publishes.
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(Bun.argv[2]),
  async fetch(request, server) {
    if (request.method === "POST") {
      server.publish("feed", await request.text());
      return new Response(null, { status: 204 });
    }
    return server.upgrade(request) ? undefined : new Response("expected a WebSocket upgrade", { status: 400 });
  },
  websocket: {
    perMessageDeflate: false,
    open(socket) {
      socket.subscribe("feed");
      socket.send("subscribed");
    },
    message() {},
  },
});
console.log(`ready on ${server.port}`);
