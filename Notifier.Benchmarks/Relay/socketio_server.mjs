// The same relay on socket.io, WebSocket only: a room for each person.
import http from 'node:http';
import { Server } from 'socket.io';

const acknowledged = new Map();
let offset = 0;
const server = http.createServer();
const io = new Server(server, { transports: ['websocket'], perMessageDeflate: false, pingInterval: 600000 });
server.on('request', (request, response) => {
  if (!request.url.startsWith('/v1/publish')) return;
  let body = '';
  request.on('data', (chunk) => { body += chunk; });
  request.on('end', () => {
    const { to, ...rest } = JSON.parse(body);
    io.to(to).emit('ev', { o: ++offset, ...rest });
    response.writeHead(202).end();
  });
});
io.on('connection', (socket) => {
  const user = socket.handshake.query.u;
  socket.join(user);
  socket.on('ack', (o) => { acknowledged.set(user, o); });
  socket.emit('welcome');
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'));
