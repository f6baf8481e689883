// `hotpath init`: writes a first application, which runs as it is. Never writes over a file.

import { lstatSync, mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { escaped } from './one-line.ts';

const APP = `// A server of several threads: each of them loads this module.
import { counted, counter } from 'hotpath';

const visits = counter('visits'); // one number for all threads

export default {
  routes: {
    '/': counted('Hello', visits), // answered in WebAssembly: Hello1, Hello2, and so on
    '/health': new Response('ok\\n'), // prepared once
    '/users/:id': (request) => Response.json({ id: request.params.id }),
  },
  // Answers all other requests.
  fetch: (request) => new Response(\`Nothing at \${new URL(request.url).pathname}\\n\`, { status: 404 }),
};
`;

/**
 * Writes app.js, package.json and README.md.
 * @param folder is created if there is none
 * @param version of hotpath that the application depends on
 * @returns what to print: the files, and what to do next
 * @throws Error of one line if one of the files exists, or can't be written; then no file has been written
 */
export function writeFirstApp(folder: string, version: string): string {
  const files = Object.entries({
    'app.js': APP,
    'package.json': packageText(packageName(basename(resolve(folder))), version),
    'README.md': readme(basename(resolve(folder))),
  });
  const shown = escaped(folder);
  for (const [name] of files)
    if (exists(join(folder, name)))
      throw new Error(
        `${escaped(join(folder, name))} exists, and hotpath init writes over no file: name another folder, hotpath init FOLDER`,
      );
  const written: string[] = [];
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of files) {
      writeFileSync(join(folder, name), text, { flag: 'wx' });
      written.push(join(folder, name));
    }
  } catch (error) {
    for (const path of written) unlinkSync(path);
    throw new Error(`can't write to ${shown}: ${(error as Error).message}`);
  }
  const names = files.map(([name]) => name);
  return [
    `Wrote ${names.slice(0, -1).join(', ')} and ${names.at(-1)}${folder === '.' ? '' : ` in ${shown}`}. Next:`,
    ...(folder === '.' ? [] : [`  cd ${/^[\w./-]+$/.test(folder) ? folder : `'${shown}'`}`]),
    '  npm install',
    '  npm run dev',
  ].join('\n');
}

/** A broken link counts, too. */
function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // A file takes the place of the folder: creating the folder says so.
    return false;
  }
}

/** Makes a name that npm accepts. */
function packageName(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, '-')
      .replace(/^[._-]+|-+$/g, '')
      .slice(0, 200) || 'app'
  );
}

function packageText(name: string, version: string): string {
  const text = {
    name,
    private: true,
    type: 'module',
    scripts: { start: 'hotpath app.js', dev: 'hotpath app.js --watch --dev' },
    dependencies: { hotpath: `^${version}` },
  };
  return `${JSON.stringify(text, null, 2)}\n`;
}

function readme(title: string): string {
  return `# ${title}

An HTTP server that runs on hotpath. \`app.js\` is the application.

    npm install      installs hotpath
    npm run dev      serves http://127.0.0.1:8080, reloads changed files, and shows errors in the browser
    npm start        serves it for production
    npm start -- --port 3000 --host 0.0.0.0

All options: \`npx hotpath --help\`.
`;
}
