import { createInterface } from 'node:readline/promises';

/** Lines of columns as wide as their widest entry. */
export function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((text, column) => text.padEnd(widths[column]!)).join('  ').trimEnd()).join('\n');
}

/** Goes on only where somebody types the wanted word. */
export async function ask(question: string, wanted: string): Promise<void> {
  if (!process.stdin.isTTY) throw new Error('Nobody is there to be asked; --yes goes on without a question.');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(question);
  terminal.close();
  if (answer.trim() !== wanted) throw new Error('Nothing was done.');
}
