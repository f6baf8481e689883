// The application of the admin listener: an ordinary application, whose handlers read what the server has in memory.

import { Response } from '../app/response.ts';
import type { App, Handler, Routes } from '../app/types.ts';
import { formatFor } from './accept.ts';
import { CONTENT_TYPES, writeFamilies } from './exposition.ts';
import type { Guard, Right } from './guard.ts';
import { type About, metricsOf, type RunningServer, statsOf } from './metrics.ts';
import type { Phase, Readiness } from './readiness.ts';
import { forget, json, reset, showState } from './state-pages.ts';

/** The paths of the page at `/`. */
const PAGE = `hotpath administration

/metrics   figures for Prometheus
/healthz   200 while the server process runs
/readyz    200 while the server is ready for requests
/stats     figures as JSON
/state     named state as JSON: all, ?kind=counter, or ?name=hits
           POST /state/reset   name=hits              needs the token
           POST /state/forget  name=logins&key=ada    needs the token
`;

const REASONS: Record<Phase, string> = {
  starting: 'not ready: starting',
  ready: 'ready',
  stopping: 'not ready: stopping after the shutdown delay',
  draining: 'not ready: draining',
};

/** What the application reads. */
export interface AdminSources {
  readiness: Readiness;
  /** Returns the server; undefined until it runs. */
  server(): RunningServer | undefined;
  about: About;
}

/** Makes the application. */
export function adminApp(sources: AdminSources, guard: Guard): App {
  const { readiness, about } = sources;
  const at = (right: Right, handler: Handler): { GET: Handler } => ({ GET: guard.around(right, handler) });
  const routes: Routes = {
    '/': at('read', () => text(PAGE)),
    '/metrics': at('read', ({ headers }) => {
      const format = formatFor(headers.get('accept'));
      const families = metricsOf(sources.server(), readiness.phase, about);
      return text(writeFamilies(families, format), 200, {
        'content-type': CONTENT_TYPES[format],
        vary: 'Accept',
      });
    }),
    '/healthz': at('open', () => text('ok\n')),
    '/readyz': at('open', () =>
      text(`${REASONS[readiness.phase]}\n`, readiness.phase === 'ready' ? 200 : 503),
    ),
    '/stats': at('read', () => json(statsOf(sources.server(), readiness.phase))),
    '/state': at('read', showState),
    '/state/reset': { POST: guard.around('change', reset) },
    '/state/forget': { POST: guard.around('change', forget) },
  };
  return { routes, fetch: guard.around('read', () => text('Not found: see /\n', 404)) };
}

/** No answer may be kept: the next one differs. */
function text(content: string, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(content, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers },
  });
}
