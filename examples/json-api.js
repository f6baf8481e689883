// A JSON API with parameters, a handler for each method, validation, and one error handler. Start it with
//   node dist/cli.js examples/json-api.js --workers 1
// The notes are JavaScript values, which threads do not share, so it needs --workers 1. An application with several
// threads keeps such data in a database.

import { counter } from 'hotpath';

/** A client's mistake, which the error handler reports to the client. */
class ClientError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const ids = counter('notes');
const notes = new Map();

function find(id) {
  const note = notes.get(Number(id));
  if (note === undefined) throw new ClientError(404, `there is no note ${id}`);
  return note;
}

async function readText(request) {
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? ''))
    throw new ClientError(415, 'send application/json');
  const body = await request.json().catch(() => {
    throw new ClientError(400, 'the body is not JSON');
  });
  if (typeof body?.text !== 'string' || body.text === '')
    throw new ClientError(422, 'text must be a string that is not empty');
  return body.text;
}

export default {
  routes: {
    '/notes': {
      GET: () => Response.json([...notes.values()]),
      async POST(request) {
        const note = { id: ids.add(), text: await readText(request) };
        notes.set(note.id, note);
        return Response.json(note, { status: 201, headers: { Location: `/notes/${note.id}` } });
      },
    },
    '/notes/:id': {
      GET: (request) => Response.json(find(request.params.id)),
      async PUT(request) {
        const note = find(request.params.id);
        note.text = await readText(request);
        return Response.json(note);
      },
      DELETE(request) {
        notes.delete(find(request.params.id).id);
        return new Response(null, { status: 204 });
      },
    },
  },
  fetch(request) {
    throw new ClientError(404, `there is nothing at ${new URL(request.url).pathname}`);
  },
  error(error) {
    if (error instanceof ClientError)
      return Response.json({ error: error.message }, { status: error.status });
    console.error(error);
    return Response.json({ error: 'something went wrong' }, { status: 500 });
  },
};
