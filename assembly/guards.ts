// Checks the gaps between the regions of a slot. The debug build runs the check after each call.

import {
  GUARD_BEFORE_INPUT,
  GUARD_BEFORE_OUTPUT,
  GUARD_BEFORE_RECORD,
  GUARD_BYTE,
  GUARD_BYTES,
  OUTPUT,
  OUTPUT_BYTES,
  OUTPUT_COUNT,
  OUTPUT_SLACK_BYTES,
  OUTPUT_STRIDE,
} from '../src/memory/layout';

/** Returns whether the gaps between the regions of a slot are unwritten. */
export function guardsIntact(slot: usize): bool {
  if (!guardIntact(slot + GUARD_BEFORE_INPUT)) return false;
  if (!guardIntact(slot + GUARD_BEFORE_RECORD)) return false;
  if (!guardIntact(slot + GUARD_BEFORE_OUTPUT)) return false;
  for (let i = 0; i < OUTPUT_COUNT; i++) {
    const output = slot + OUTPUT + i * OUTPUT_STRIDE;
    if (!guardIntact(output + OUTPUT_BYTES + OUTPUT_SLACK_BYTES)) return false;
  }
  return true;
}

function guardIntact(guard: usize): bool {
  for (let i = 0; i < GUARD_BYTES; i++) if (load<u8>(guard + i) != GUARD_BYTE) return false;
  return true;
}
