// STAND-IN, to be replaced: binds an application to a plane. This one asks it once, for `/`, and has the
// engine answer every request with what it said.

import type { Plane } from '../connection/plane.ts';
import { PREPARED_DEFAULT } from '../protocol/codes.ts';
import { prepare } from '../protocol/prepared.ts';
import { Counted } from '../state/counted.ts';
import { counterIndexIn } from '../state/counter.ts';
import type { App, Context, Handler, ServerView } from './app.ts';

export interface Around {
  worker: number;
  server: ServerView;
  trustProxy: number;
}

export async function attach(plane: Plane, app: App, around: Around): Promise<void> {
  const answer = (app.routes?.['/'] ?? app.fetch) as Handler | Response | Counted;
  const parts = { statusCode: 200, fields: [] };
  if (answer instanceof Counted) {
    const counter = counterIndexIn(plane.slot.views, answer.counter);
    const content = counter === undefined ? answer.next() : answer.prefix;
    plane.slot.prepare(prepare(PREPARED_DEFAULT, { ...parts, content, counter: counter ?? -1 }));
    return;
  }
  const context: Context = { remoteAddress: '', worker: around.worker, server: around.server };
  const response =
    typeof answer === 'function' ? await answer(new Request('http://localhost/'), context) : answer.clone();
  plane.slot.prepare(prepare(PREPARED_DEFAULT, { ...parts, content: await response.text() }));
}
