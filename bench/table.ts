// What a suite hands back, and its plain text.

export interface Table {
  title: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  notes: readonly string[];
}

/** The first column to the left, the figures to the right. */
export function formatTable({ title, columns, rows, notes }: Table): string {
  const widths = columns.map((column, i) =>
    Math.max(column.length, ...rows.map((row) => cell(row, i).length)),
  );
  const line = (row: readonly string[]) =>
    widths
      .map((width, i) => (i === 0 ? cell(row, i).padEnd(width) : cell(row, i).padStart(width)))
      .join('  ');
  const rule = widths.map((width) => '-'.repeat(width));
  return [title, '', line(columns), line(rule), ...rows.map(line), '', ...notes].join('\n');
}

/** Three significant digits, never an exponent. */
export function figure(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(3);
}

export function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

export function times(ratio: number): string {
  return `${ratio.toFixed(2)}x`;
}

function cell(row: readonly string[], column: number): string {
  return row[column] ?? '';
}
