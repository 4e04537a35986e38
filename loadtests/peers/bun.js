// Bun's own publish: `bun bun.js <port>`. Every socket hears the feed; POST /pub/feed tells it.
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(Bun.argv[2]),
  async fetch(request, server) {
    if (request.method === "POST") {
      server.publish("feed", await request.text());
      return new Response(null, { status: 204 });
    }
    return server.upgrade(request) ? undefined : new Response("a WebSocket, please", { status: 400 });
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
