// The texts that are made from the table of options: the page and the docstrings.

import { flagOf, OPTION_GROUPS, OPTIONS, type OptionName, withNames } from '../../src/options.ts';

const BEGIN = '<!-- options: written by `npm run docs` -->';
const END = '<!-- end of options -->';
/** Longest docstring that fits on one line. */
const DOCSTRING_WIDTH = 110;

/** Returns the page with its table of options replaced. */
export function withTable(page: string): string {
  const [before, , after] = cutAt(page, BEGIN, END);
  return `${before}${BEGIN}\n\n${table()}\n${END}${after}`;
}

function table(): string {
  const groups = Object.entries(OPTION_GROUPS).map(([heading, names]) =>
    [
      `### ${heading}`,
      '',
      '| option | default | values | meaning |',
      '|---|---|---|---|',
      ...names.map(row),
      '',
    ].join('\n'),
  );
  return groups.join('\n');
}

function row(name: OptionName): string {
  const option = OPTIONS[name];
  const { value, range, says, more, onPage, property } = option;
  const flag = `--${flagOf(name)}${value === undefined ? '' : ` ${value}`}`;
  const variable = { host: '`$HOST` or ', port: '`$PORT` or ' }[name as string] ?? '';
  const standard = value && variable + shown(option.byDefault);
  const text = withNames(`${says}.${more ? ` ${more}` : ''}`, (other) => `\`--${flagOf(other)}\``);
  const extra = [onPage, property === false ? 'Command line only.' : differenceOf(name)].filter(Boolean);
  const cells = [`\`${flag}\``, standard ?? '', range ?? '', [text, ...extra].join(' ')];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** Describes the property of serve() for the page, if it differs from the flag. */
function differenceOf(name: OptionName): string {
  const { property } = OPTIONS[name];
  if (!property) return '';
  const standard = property.defaultSays ?? shown(property.byDefault);
  return standard === '' ? '' : `In \`serve()\`: \`${name}\`, by default ${standard}.`;
}

/** Returns the source of the interface with its docstrings replaced, for each property that the table has. */
export function withDocstrings(source: string): string {
  return source.replace(
    /^(?: {2}\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)? {2}(\w+)\?: (?!undefined;)/gm,
    (whole, name: string) => (name in OPTIONS ? `${docstring(name as OptionName)}  ${name}?: ` : whole),
  );
}

function docstring(name: OptionName): string {
  const { value, range, says, more, property, byDefault } = OPTIONS[name];
  const own = property || {};
  const unit = { BYTES: 'Bytes: ', MS: 'Milliseconds: ' }[value ?? ''] ?? '';
  const standard = own.defaultSays ?? shown(own.byDefault ?? byDefault);
  const sentences = [
    `${own.says ?? says}.`,
    more,
    range && `${unit || 'Range: '}${range}.`,
    standard && `Default: ${standard}.`,
  ];
  const text = withNames(sentences.filter(Boolean).join(' '), (other) => other);
  if (text.length <= DOCSTRING_WIDTH - 9) return `  /** ${text} */\n`;
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string;
    if (line.length + word.length + 6 > DOCSTRING_WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return `  /**\n${lines.map((line) => `   * ${line}\n`).join('')}   */\n`;
}

function shown(value: unknown): string {
  return value === undefined ? '' : String(value);
}

function cutAt(page: string, begin: string, end: string): [string, string, string] {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`a page with options has the lines ${begin} and ${end}`);
  return [page.slice(0, from), page.slice(from, to), page.slice(to + end.length)];
}
