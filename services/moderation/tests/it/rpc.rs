//! What a client sees: Connect over the router, without a socket.
