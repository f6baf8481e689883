// Reads the content of a limiter's snapshot as numbers.

import type { LimiterSnapshot } from '../../src/wasm/state/limiter-snapshot.ts';

/** Usage by the hash of each key. Newer options come before older ones. */
export function usedByKey({ tables }: LimiterSnapshot): Map<string, number> {
  const used = new Map<string, number>();
  for (const { keys } of tables) {
    const data = new DataView(keys.buffer, keys.byteOffset, keys.byteLength);
    for (let at = 0; at < keys.length; at += 16) {
      const hash = data.getBigUint64(at, true).toString(16);
      if (!used.has(hash)) used.set(hash, Number(data.getBigInt64(at + 8, true)));
    }
  }
  return used;
}

/** A record of one key. */
export function recordOf(hash: string, used: number): Uint8Array {
  const record = new Uint8Array(16);
  const data = new DataView(record.buffer);
  data.setBigUint64(0, BigInt(`0x${hash}`), true);
  data.setBigInt64(8, BigInt(used), true);
  return record;
}
