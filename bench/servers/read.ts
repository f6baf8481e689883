// Second rung: the read lands in the slot, requests are still counted by their size.

import { createEngine } from '../engine.ts';
import { countBySize, serveRung } from './rung.ts';

const { slot } = createEngine('wasm');
serveRung(slot, () => countBySize(slot.read));
