// Finds the option that a user meant: the nearest name, or the counterpart of a word that other servers use.

import { nearest } from './nearest.ts';
import { OPTION_NAMES, type OptionName } from './options.ts';

/** Words of other servers, in small letters without signs, and the options that take their place here. */
const ELSEWHERE: Readonly<Record<string, OptionName>> = {
  hostname: 'host',
  address: 'host',
  bind: 'host',
  listen: 'port',
  socket: 'unix',
  socketpath: 'unix',
  cert: 'tlsCert',
  certfile: 'tlsCert',
  key: 'tlsKey',
  keyfile: 'tlsKey',
  threads: 'workers',
  instances: 'workers',
  processes: 'workers',
  cluster: 'workers',
  loglevel: 'log',
  development: 'dev',
  maxrequestbodysize: 'maxBody',
  bodylimit: 'maxBody',
  keepalivetimeout: 'idleTimeout',
  requesttimeout: 'headTimeout',
  shutdowntimeout: 'drainTimeout',
  metrics: 'admin',
};

/** Returns the option that an unknown word means; undefined if none is near. @param among the options in question */
export function optionMeant(
  word: string,
  among: readonly OptionName[] = OPTION_NAMES,
): OptionName | undefined {
  const letters = word.toLowerCase().replace(/[^a-z]/g, '');
  const counterpart = Object.hasOwn(ELSEWHERE, letters) ? ELSEWHERE[letters] : undefined;
  if (counterpart !== undefined && among.includes(counterpart)) return counterpart;
  return nearest(word, among);
}
