// Explains errors of the platform that say nothing about their cause: the platform's Request reads private members of its
// argument, which a request of this server does not have.

const UNEXPLAINED =
  /^Cannot read private member #[a-zA-Z]{1,20} from an object whose class did not declare it$/;

/** The error itself, or an error in its place that says how to mend the program. */
export function explained(error: unknown): unknown {
  if (!(error instanceof TypeError) || !UNEXPLAINED.test(error.message)) return error;
  if (!`${error.stack}`.includes('internal/deps/undici')) return error;
  return new TypeError(
    "the platform's Request and fetch() can't take a request of this server: " +
      'write new Request(request.url, request), or start with globals',
    { cause: error },
  );
}
