// A connection over WebSocket.

/**
 * @typedef {object} Hears
 * @property {() => void} open
 * @property {(frame: any) => void} frame
 * @property {(code: number) => void} closed
 */

/** @typedef {{ send: (frame: any) => void, close: () => void }} Connection */

/**
 * @param {string} url the relay's address, http or https
 * @param {Hears} hears
 * @returns {Connection}
 */
export function openSocket(url, hears) {
  /** @type {WebSocket} */
  let socket;
  try {
    socket = new WebSocket(new URL('v1/ws', url).href.replace(/^http/, 'ws'), 'relay.1');
  } catch {
    // A policy of the page or of the browser forbids it.
    queueMicrotask(() => hears.closed(1006));
    return { send() {}, close() {} };
  }
  socket.onopen = () => hears.open();
  socket.onmessage = (event) => {
    /** @type {any} */
    let frame;
    try {
      frame = JSON.parse(event.data);
    } catch {
      return; // what is no frame of ours changes nothing
    }
    hears.frame(frame);
  };
  socket.onclose = (event) => hears.closed(event.code);
  return {
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
    },
    close: () => {
      // Its end can take minutes when the other side is gone, and says nothing new.
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    },
  };
}
