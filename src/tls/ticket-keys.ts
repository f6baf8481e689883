// The keys of session tickets (RFC 5077, RFC 8446 4.6.1), in memory that all threads of a server share, so that a client
// resumes its session at any thread, and after any reload. The control plane makes a new key every 12 hours. The newest
// key seals tickets; it and the two before it open them.
//
//   word 0   number of the newest key, counted from 0
//   then     a ring of keys, each: name (16 bytes), HMAC key (16), AES key (16)
//
// A key is written before its number. It takes the place of a key that is too old to be read, so no thread sees half a key.

import { randomBytes } from 'node:crypto';
import type { SecureContext } from 'node:tls';

/** Seconds for which a session may be resumed. The oldest key lives longer: two periods after it has sealed its last ticket. */
export const SESSION_SECONDS = 24 * 3600;

const HEADER_BYTES = Int32Array.BYTES_PER_ELEMENT;
const PART_BYTES = 16;
const KEY_BYTES = 3 * PART_BYTES;
const KEYS = 3;
const RING = KEYS + 1;

/** Answers of a ticket callback, as OpenSSL has them in SSL_CTX_set_tlsext_ticket_key_cb(). */
const UNKNOWN = 0;
const KNOWN = 1;
const KNOWN_RENEW = 2;

/** Plain values, and the memory of the keys. */
export interface TicketStart {
  memory: SharedArrayBuffer;
  /** This Node lets a function choose the key of a ticket. If not, only the newest key opens tickets. */
  choosing: boolean;
}

/** Makes the memory with its first key. */
export function createTicketKeys(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(HEADER_BYTES + RING * KEY_BYTES);
  writeKey(memory, 0);
  return memory;
}

/** Makes a new key, which seals tickets from now on. Only the control plane calls this. */
export function rotateTicketKeys(memory: SharedArrayBuffer): void {
  const number = new Int32Array(memory, 0, 1);
  const next = Atomics.load(number, 0) + 1;
  writeKey(memory, next);
  Atomics.store(number, 0, next);
}

function writeKey(memory: SharedArrayBuffer, number: number): void {
  placeOf(memory, number).set(randomBytes(KEY_BYTES));
}

function placeOf(memory: SharedArrayBuffer, number: number): Uint8Array {
  return new Uint8Array(memory, HEADER_BYTES + (number % RING) * KEY_BYTES, KEY_BYTES);
}

interface Key {
  /** Its 48 bytes, as the option ticketKeys of Node has them. */
  whole: Buffer;
  name: Buffer;
  /** What a callback answers about a ticket that this key has sealed. */
  opens: Answer;
  hmac: Buffer;
  aes: Buffer;
}

/** The parts after the number have 16 bytes each: HMAC key, AES key, then, of a ticket to seal, name and IV. */
type Answer = [number, Buffer, Buffer] | [number, Buffer, Buffer, Buffer, Buffer];

/** OpenSSL wants keys with every answer. */
const NO_KEY: Answer = [UNKNOWN, Buffer.alloc(PART_BYTES), Buffer.alloc(PART_BYTES)];

/** The undocumented part of a secure context, which exists in Node 20 to 26. */
interface Internals {
  enableTicketKeyCallback?(): void;
  onticketkeycallback?: (name: Buffer, iv: Buffer, seal: boolean) => Answer;
}

/** The keys as one thread reads them. */
export class TicketKeys {
  private readonly number: Int32Array;
  /** The number of the newest key of `keys`. */
  private read = -1;
  /** Newest first. */
  private keys: readonly Key[] = [];

  constructor(private readonly memory: SharedArrayBuffer) {
    this.number = new Int32Array(memory, 0, 1);
  }

  /** The newest key, as the option ticketKeys of Node has it. */
  get newest(): Buffer {
    return this.known[0].whole;
  }

  /** Makes a context ask here for the key of each ticket. @returns false if this Node has no such function */
  attach({ context }: SecureContext): boolean {
    const internals = context as Internals;
    if (typeof internals.enableTicketKeyCallback !== 'function') return false;
    internals.onticketkeycallback = (name, _, seal) => (seal ? this.seal() : this.open(name));
    internals.enableTicketKeyCallback();
    return true;
  }

  private seal(): Answer {
    const { hmac, aes, name } = this.known[0];
    return [KNOWN, hmac, aes, name, randomBytes(PART_BYTES)];
  }

  private open(name: Buffer): Answer {
    const key = this.known.find((one) => one.name.equals(name));
    return key?.opens ?? NO_KEY;
  }

  /** The keys that open tickets, newest first. */
  private get known(): readonly [Key, ...Key[]] {
    for (;;) {
      const number = Atomics.load(this.number, 0);
      if (number === this.read) return this.keys as [Key, ...Key[]];
      this.keys = Array.from({ length: Math.min(KEYS, number + 1) }, (_, age) =>
        keyOf(Buffer.from(placeOf(this.memory, number - age)), age),
      );
      // If the thread slept for so long that a key was replaced while it was copied, the number has changed, too.
      this.read = number;
    }
  }
}

/** @param age 0: the newest key */
function keyOf(whole: Buffer, age: number): Key {
  const [name, hmac, aes] = [0, 1, 2].map((part) =>
    whole.subarray(part * PART_BYTES, (part + 1) * PART_BYTES),
  ) as [Buffer, Buffer, Buffer];
  return { whole, name, hmac, aes, opens: [age === 0 ? KNOWN : KNOWN_RENEW, hmac, aes] };
}
