// The first rung: writes back the bytes that it has read.

import { createEngine } from '../measure/engine.ts';
import { serveRung } from './rung.ts';

const { slot } = createEngine('wasm');
// The kernel takes so few bytes at once, so the next read cannot overwrite bytes that are still to be sent.
serveRung(slot, () => (bytes) => slot.read.subarray(0, bytes));
