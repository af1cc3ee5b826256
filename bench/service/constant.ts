import Fastify from 'fastify';

/** The peer for HTTP: fastify, that does nothing but to answer. It tells its port to the process that started it. */
const app = Fastify();
app.post('/Counter/Incr', (_request, reply) => reply.type('application/json').send('null'));
await app.listen({ port: 0, host: '127.0.0.1' });
const address = app.server.address();
console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : null }));
