// Hello as a fetch handler, an app for hotpath.

let count = 0;

export default {
  fetch: (request: Request): Response | Promise<Response> =>
    // As everyone does, content is read to its end before it is answered.
    request.method === 'POST' ? request.arrayBuffer().then(answer) : answer(),
};

function answer(): Response {
  return new Response(`Hello${++count}`, { headers: { 'content-type': 'text/plain' } });
}
