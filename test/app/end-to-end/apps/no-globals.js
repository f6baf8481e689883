// Tells what the global names are, and answers with the platform's Response or with hotpath's.

import { Response as Light } from 'hotpath';

export default {
  routes: {
    '/native': () => new Response(`native ${Response === Light}`),
    '/light': () => new Light('light'),
    '/fixed': new Response('fixed'),
    '/fixed-light': new Light('fixed light'),
    '/same': () =>
      Light.json({
        light: Response === Light,
        nativeOfLight: new Response('') instanceof Light,
        lightOfNative: new Light('') instanceof Response,
        kind: String(fetch).includes('[native code]') || fetch.name,
      }),
    '/init': async (request) => {
      const { url, method } = request;
      const copy = new Request(url, request);
      return new Response(`${method} ${await copy.text()} ${copy.headers.get('x-kind')}`);
    },
  },
};
