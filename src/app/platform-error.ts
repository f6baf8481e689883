// Errors of the platform that say nothing about their cause. Its own Request looks inside of what it is given, and
// finds nothing there when that is a request of this server.

const RIDDLE = /^Cannot read private member #[a-zA-Z]{1,20} from an object whose class did not declare it$/;

/** The error, or one in its place that says what to write. */
export function explained(error: unknown): unknown {
  if (!(error instanceof TypeError) || !RIDDLE.test(error.message)) return error;
  if (!`${error.stack}`.includes('internal/deps/undici')) return error;
  return new TypeError(
    "the platform's Request and fetch() can't take a request of this server: " +
      'write new Request(request.url, request), or start with globals',
    { cause: error },
  );
}
