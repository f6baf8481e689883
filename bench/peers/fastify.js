// Hello over fastify. The argument is the port.

import fastify from 'fastify';

let count = 0;

const app = fastify();
app.get('/', (_request, reply) => {
  reply.type('text/plain').send(`Hello${++count}`);
});
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
