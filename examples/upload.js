// Streams an upload of any size to a file and hashes it on the way. Back-pressure: the server reads from the client
// only as fast as the disk writes. Start it with
//   node dist/cli.js examples/upload.js --max-body 10000000000
// and try: curl -T big.iso http://127.0.0.1:8080/files/big.iso

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { counter } from 'hotpath';

const folder = process.env.UPLOADS ?? join(tmpdir(), 'hotpath-uploads');
await mkdir(folder, { recursive: true });

const uploads = counter('uploads');

async function put(request) {
  const part = join(folder, `.part-${process.pid}-${uploads.add()}`);
  const hash = createHash('sha256');
  let size = 0;
  async function* measured(pieces) {
    for await (const piece of pieces) {
      hash.update(piece);
      size += piece.length;
      yield piece;
    }
  }
  try {
    await pipeline(request.body ?? [], measured, createWriteStream(part));
    await rename(part, join(folder, request.params.name));
  } catch (error) {
    // The client is gone, or has sent too much.
    await rm(part, { force: true });
    throw error;
  }
  return Response.json({ size, sha256: hash.digest('hex') }, { status: 201 });
}

async function get(request) {
  const path = join(folder, request.params.name);
  const file = await stat(path).catch(() => undefined);
  if (!file?.isFile()) return new Response('Not found\n', { status: 404 });
  return new Response(Readable.toWeb(createReadStream(path)), {
    headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': file.size },
  });
}

/** Letters and digits, with dots and hyphens in the middle, so a name cannot leave the folder. */
function named(handler) {
  return (request) =>
    /^\w[\w.-]{0,99}$/.test(request.params.name)
      ? handler(request)
      : new Response('No such name\n', { status: 400 });
}

export default {
  routes: { '/files/:name': { PUT: named(put), GET: named(get) } },
};
