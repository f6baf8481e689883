// SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a 64-bit hash. Without the seed, an
// attacker cannot construct texts that collide.

const FINAL_ROUNDS = 3;

/**
 * Returns the hash of `length` bytes at `text`, keyed with the 128 bits at `seed`. Loads up to 8 bytes after the text and
 * ignores them.
 */
export function sipHash(seed: usize, text: usize, length: i32): i64 {
  let v0 = load<i64>(seed) ^ 0x736f6d6570736575;
  let v1 = load<i64>(seed, 8) ^ 0x646f72616e646f6d;
  let v2 = load<i64>(seed) ^ 0x6c7967656e657261;
  let v3 = load<i64>(seed, 8) ^ 0x7465646279746573;

  const lastWord = length >> 3;
  for (let i = 0; i <= lastWord + FINAL_ROUNDS; i++) {
    // Each word gets one round. The final rounds have no word.
    let word: i64 = 0;
    if (i < lastWord) word = load<i64>(text + (i << 3));
    else if (i == lastWord) word = lastOf(text + (i << 3), length);
    else if (i == lastWord + 1) v2 ^= 0xff;

    v3 ^= word;
    v0 += v1;
    v1 = rotl<i64>(v1, 13) ^ v0;
    v0 = rotl<i64>(v0, 32);
    v2 += v3;
    v3 = rotl<i64>(v3, 16) ^ v2;
    v0 += v3;
    v3 = rotl<i64>(v3, 21) ^ v0;
    v2 += v1;
    v1 = rotl<i64>(v1, 17) ^ v2;
    v2 = rotl<i64>(v2, 32);
    v0 ^= word;
  }
  return v0 ^ v1 ^ v2 ^ v3;
}

/** Returns the last word: the bytes that do not fill a word, and the length in the highest byte. */
function lastOf(rest: usize, length: i32): i64 {
  const bits = <i64>((length & 7) << 3);
  return (load<i64>(rest) & (((<i64>1) << bits) - 1)) | ((<i64>length) << 56);
}
