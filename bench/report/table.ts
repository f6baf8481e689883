// Plain text tables: the first column is aligned to the left, figures to the right, with bars of blocks between them.

export interface Table {
  title: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  notes: readonly string[];
}

const BLOCKS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/** Formats a table. @param emphasized returns whether a row is printed bold, which needs a terminal */
export function formatTable(
  { title, columns, rows, notes }: Table,
  emphasized: (row: number) => boolean = () => false,
): string {
  const widths = columns.map((column, i) =>
    Math.max(column.length, ...rows.map((row) => cell(row, i).length)),
  );
  const line = (row: readonly string[]) =>
    widths
      .map((width, i) => align(cell(row, i), width, i === 0))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const body = rows.map((row, i) => (emphasized(i) ? bold(line(row)) : line(row)));
  const parts = [
    title === '' ? [] : [title, ''],
    [line(columns), rule, ...body],
    notes.length > 0 ? ['', ...notes] : [],
  ];
  return parts.flat().join('\n');
}

/** Draws a share of a width, to an eighth of a character. A share above zero is always visible. */
export function bar(share: number, width: number): string {
  const eighths = Math.max(share > 0 ? 1 : 0, Math.round(Math.min(share, 1) * width * 8));
  return '█'.repeat(eighths >> 3) + BLOCKS[eighths & 7];
}

function align(text: string, width: number, left: boolean): string {
  return left || /^[█▏▎▍▌▋▊▉]+$/.test(text) ? text.padEnd(width) : text.padStart(width);
}

function bold(text: string): string {
  return `\u001b[1m${text}\u001b[22m`;
}

function cell(row: readonly string[], column: number): string {
  return row[column] ?? '';
}
