// Fails in a few ways, for development.

export default {
  routes: {
    '/ok': () => new Response('ok'),
    '/thrown': () => {
      throw new TypeError('thrown here');
    },
    '/caused': async () => {
      throw new Error('the outer one', { cause: new Error('the inner one') });
    },
    '/hostile': (request) => {
      throw new Error(new URL(request.url).searchParams.get('message'));
    },
    '/never': () => new Promise(() => {}),
    '/half': () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue('half'),
          pull: (controller) => setTimeout(() => controller.error(new Error('broken')), 100),
        }),
      ),
  },
};
