// The stack of a worker thread, taken from outside, since a thread that stands still answers no message: the inspector
// interrupts its JavaScript, even an endless loop.

import { Session } from 'node:inspector';

/** Time for a thread to be interrupted, in milliseconds. It is not while native code runs, as that of execSync(). */
const INTERRUPT_MS = 1000;
const FRAMES_MAX = 8;
/** The files of hotpath. */
/** Undefined in a bundle of CommonJS form, which cannot start a thread either. */
const OWN = import.meta.url && new URL('..', import.meta.url).href;

/** The parts of the inspector's protocol that are used here. Lines and columns count from 0. */
interface Frame {
  functionName: string;
  location: { scriptId: string; lineNumber: number; columnNumber?: number };
}

interface Attached {
  sessionId: string;
  workerInfo: { title: string };
}

interface Message {
  method?: string;
  params?: { scriptId: string; url: string; callFrames: Frame[] };
}

let turn: Promise<unknown> = Promise.resolve();

/**
 * Returns the stack of a thread that the calling thread has started, innermost function first, in one line:
 * `search (file:///app.js:12:3), fetch (file:///app.js:40:10)`. The thread goes on.
 * @returns undefined if the thread can't be interrupted
 */
export function stackOfThread(id: number): Promise<string | undefined> {
  // A session attaches to all threads, so they are interrupted one after the other.
  const stack = turn.then(() => interrupt(id)).catch(() => undefined);
  turn = stack;
  return stack;
}

function interrupt(id: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const session = new Session();
    session.connect();
    const urls = new Map<string, string>();
    let messages = 0;
    let asked = false;
    const tell = (sessionId: string, method: string): void => {
      const message = JSON.stringify({ id: ++messages, method });
      session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
    };
    const end = (stack: string | undefined): void => {
      clearTimeout(timer);
      session.disconnect();
      resolve(stack);
    };
    const timer = setTimeout(() => {
      // The thread pauses when its native code ends. It goes on only if the session is there to resume it.
      if (asked) resolve(undefined);
      else end(undefined);
    }, INTERRUPT_MS);
    session.on('NodeWorker.attachedToWorker', ({ params }: { params: Attached }) => {
      // The field workerId counts in another order since Node 24.
      if (!params.workerInfo.title.startsWith(`[worker ${id}]`)) return;
      asked = true;
      tell(params.sessionId, 'Debugger.enable');
      tell(params.sessionId, 'Debugger.pause');
      session.on('NodeWorker.detachedFromWorker', (detached: { params: { sessionId: string } }) => {
        if (detached.params.sessionId === params.sessionId) end(undefined);
      });
    });
    session.on(
      'NodeWorker.receivedMessageFromWorker',
      ({ params: { sessionId, message } }: { params: { sessionId: string; message: string } }) => {
        const { method, params } = JSON.parse(message) as Message;
        if (params === undefined) return;
        if (method === 'Debugger.scriptParsed') urls.set(params.scriptId, params.url);
        if (method !== 'Debugger.paused') return;
        tell(sessionId, 'Debugger.resume');
        end(lineOf(params.callFrames, urls));
      },
    );
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (error) => {
      if (error !== null) end(undefined);
    });
  });
}

/** Leaves out the functions of Node, and those of hotpath that call the application. */
function lineOf(frames: readonly Frame[], urls: ReadonlyMap<string, string>): string | undefined {
  const urlOf = ({ location }: Frame): string => urls.get(location.scriptId) ?? '';
  const known = frames.filter((frame) => !/^(?:node:|$)/.test(urlOf(frame)));
  const last = known.findLastIndex((frame) => !urlOf(frame).startsWith(OWN));
  const shown = last < 0 ? known : known.slice(0, last + 1);
  if (shown.length === 0) return undefined;
  const texts = shown.slice(0, FRAMES_MAX).map((frame) => {
    const { lineNumber, columnNumber = 0 } = frame.location;
    return `${frame.functionName || 'anonymous'} (${urlOf(frame)}:${lineNumber + 1}:${columnNumber + 1})`;
  });
  const more = shown.length - texts.length;
  return texts.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
