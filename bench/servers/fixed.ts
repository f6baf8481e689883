// The second rung: a fixed response for each request. It does not parse, and counts requests by their size.

import { createEngine } from '../measure/engine.ts';
import { countBySize, responses, serveRung } from './rung.ts';

const { slot } = createEngine('wasm');
serveRung(slot, () => {
  const count = countBySize(slot.read);
  return (bytes) => responses(count(bytes));
});
