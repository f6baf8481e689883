// The key under which a client is counted: its address in one canonical form. An IPv6 client has a whole network of
// addresses, at least a /64 (RFC 6177), so the whole network is one client.

/** By default, how many leading bits of an IPv6 address identify a client. */
export const IPV6_PREFIX = 64;

const GROUPS = 8;
const GROUP_BITS = 16;
const GROUP_MAX = 0xffff;
/** The leading groups of an IPv4 address in IPv6 form (RFC 4291 2.5.5.2). */
const MAPPED = [0, 0, 0, 0, 0, GROUP_MAX];

/**
 * Returns the key of a client.
 * @param address an IP address in any form, with or without a zone
 * @param prefix how many leading bits of an IPv6 address identify a client: 1 to 128
 */
export function clientKey(address: string, prefix: number): string {
  if (!address.includes(':')) return address;
  const zoneAt = address.indexOf('%');
  const groups = groupsOf(zoneAt < 0 ? address : address.slice(0, zoneAt));
  // A text that is not an address is its own key.
  if (groups === undefined) return address;
  if (MAPPED.every((group, i) => groups[i] === group)) return ipv4Of(groups);
  const zone = zoneAt < 0 ? '' : address.slice(zoneAt);
  return `${groups.map((group, i) => (group & maskOf(i, prefix)).toString(16)).join(':')}/${prefix}${zone}`;
}

/** The eight groups of an IPv6 address (RFC 4291 2.2); undefined when the text is not an IPv6 address. */
function groupsOf(address: string): number[] | undefined {
  const [before = '', after, ...more] = address.split('::');
  if (more.length > 0) return undefined;
  const head = listOf(before);
  const tail = after === undefined ? [] : listOf(after);
  const left = GROUPS - head.length - tail.length;
  if (after === undefined ? left !== 0 : left < 1) return undefined;
  const groups = [...head, ...new Array<number>(left).fill(0), ...tail];
  return groups.every((group) => group >= 0 && group <= GROUP_MAX) ? groups : undefined;
}

/** The groups between colons. The last one may be an IPv4 address, which gives two. NaN marks a malformed group. */
function listOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.'))
      return [/^[\da-f]{1,4}$/i.test(group) ? Number.parseInt(group, 16) : Number.NaN];
    const [a = Number.NaN, b = Number.NaN, c = Number.NaN, d = Number.NaN] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

function maskOf(group: number, prefix: number): number {
  const bits = Math.min(Math.max(prefix - group * GROUP_BITS, 0), GROUP_BITS);
  return (GROUP_MAX << (GROUP_BITS - bits)) & GROUP_MAX;
}

function ipv4Of(groups: readonly number[]): string {
  return groups
    .slice(MAPPED.length)
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.');
}
