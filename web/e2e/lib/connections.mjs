// The page's own peer connections, for tests that look at them or stop them.

/** Runs in the page before its scripts: `window.connections` has a page's connections, the latest last. */
export const noteConnections = `(${note})()`;

function note() {
  window.connections = [];
  const Original = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Original {
    constructor(...args) {
      super(...args);
      window.connections.push(this);
    }
  };
}
