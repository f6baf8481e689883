// Hello as a fetch handler: an application for hotpath.

let count = 0;

export default {
  fetch: (request: Request): Response | Promise<Response> =>
    // The content is read to its end before the answer, as by all servers.
    request.method === 'POST' ? request.arrayBuffer().then(answer) : answer(),
};

function answer(): Response {
  return new Response(`Hello${++count}`, { headers: { 'content-type': 'text/plain' } });
}
