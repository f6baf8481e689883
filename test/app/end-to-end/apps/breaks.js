// Streams that end before they are complete, each in its own way, behind a piece that has gone out.

const encoder = new TextEncoder();
const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

/** A first piece, then whatever `next` does with the controller. */
function after(next) {
  let begun = false;
  return new ReadableStream({
    async pull(controller) {
      if (begun) {
        await soon();
        await next(controller);
      } else controller.enqueue(encoder.encode('00000'));
      begun = true;
    },
  });
}

const fails = () => {
  throw new Error('broken');
};

export default {
  routes: {
    '/complete': () => new Response(after((controller) => controller.close())),
    '/fails': () => new Response(after(fails)),
    '/stands-still': () => new Response(after(() => new Promise(() => {}))),
    '/short': () =>
      new Response(
        after((controller) => controller.close()),
        { headers: { 'Content-Length': '9' } },
      ),
    '/long': () =>
      new Response(
        after((controller) => controller.enqueue(encoder.encode('00000'))),
        { headers: { 'Content-Length': '9' } },
      ),
    '/trailers': () =>
      new Response(
        after((controller) => controller.close()),
        { trailers: fails },
      ),
    '/exits': () => new Response(after(() => process.exit(3))),
    '/throws': () =>
      new Response(
        after(() => {
          setTimeout(fails);
          return new Promise(() => {});
        }),
      ),
  },
};
