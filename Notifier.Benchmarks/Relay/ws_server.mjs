// The same relay on npm's ws: the message is turned into text once, and sent to each recipient's socket.
import http from 'node:http';
import { WebSocketServer } from 'ws';

const sockets = new Map(), acknowledged = new Map();
const server = http.createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => { body += chunk; });
  request.on('end', () => {
    const message = JSON.parse(body), { to, ...rest } = message;
    const text = Buffer.from(JSON.stringify({ t: 'ev', o: ++offset, ...rest }));
    for (const user of to) sockets.get(user)?.send(text, { binary: false });
    response.writeHead(202).end();
  });
});
let offset = 0;
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket, request) => {
  const user = new URL(request.url, 'http://x').searchParams.get('u');
  sockets.set(user, socket);
  socket.on('message', (data) => { acknowledged.set(user, JSON.parse(data).o); });
  socket.on('close', () => sockets.delete(user));
  socket.send('{"t":"welcome"}');
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'));
