// The entry of a probe, and of the thread in it: the module of an application runs in a thread, as in a server, since it may
// ask whether it is in the main thread.

import { fileURLToPath } from 'node:url';
import { isMainThread, MessageChannel, type MessagePort, Worker, workerData } from 'node:worker_threads';
import type { FromProbe, ToProbe } from './probe-messages.ts';

if (isMainThread) relay();
else listen(takePort());

/** Passes messages between the command and the thread, and reports the end of the thread. */
function relay(): void {
  const { port1, port2 } = new MessageChannel();
  const tell = (message: FromProbe): void => void (process.connected && process.send?.(message));
  const thread = new Worker(fileURLToPath(import.meta.url), {
    workerData: { port: port2 },
    transferList: [port2],
  });
  process.on('message', (message: ToProbe) => port1.postMessage(message));
  process.on('disconnect', () => process.exit());
  port1.on('message', tell);
  thread.on('error', (error) => tell({ type: 'failed', message: `${error}` }));
  thread.on('exit', (code) =>
    tell({ type: 'failed', message: `the module ended its thread with exit code ${code}` }),
  );
}

/** Takes the data that the thread is started with, so that the module does not find it. */
function takePort(): MessagePort {
  const { port } = workerData as { port: MessagePort };
  Reflect.deleteProperty(workerData as object, 'port');
  return port;
}

function listen(port: MessagePort): void {
  let file = '';
  const obey = async (message: ToProbe): Promise<FromProbe> => {
    const steps = await import('./probe-steps.ts');
    if (message.type === 'prepare') return await steps.prepare(file, message.options);
    file = message.file;
    return await steps.load(file, message.called);
  };
  port.on('message', (message: ToProbe) => {
    obey(message).then(
      (answer) => port.postMessage(answer),
      (error: Error) => port.postMessage({ type: 'failed', message: error.message } satisfies FromProbe),
    );
  });
}
