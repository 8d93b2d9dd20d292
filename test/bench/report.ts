/** One figure, and what it stands beside. Lower is better unless the unit is a rate. */
export interface Row {
  section: string;
  label: string;
  value: number;
  unit: string;
  /** Debian's OpenStack Zed with the fake driver on 10 hosts, on a machine of 2 cores. */
  reference?: number;
  goal?: number;
}

const WIDTH = 24;

/** A readable table: the figure, what OpenStack takes, what we want, and a bar of the figure against the reference. */
export function table(rows: Row[]): string {
  const lines: string[] = [];
  let section = '';
  for (const row of rows) {
    if (row.section !== section) lines.push('', (section = row.section));
    const { label, value, unit, reference, goal } = row;
    const met = goal === undefined ? ' ' : isRate(unit) === value >= goal || value === goal ? '✓' : '✗';
    lines.push(`  ${label.padEnd(38)} ${shown(value).padStart(9)} ${unit.padEnd(9)} ${beside('goal', goal)} ${met}  ${beside('OpenStack', reference)}  ${bar(row)}`.trimEnd());
  }
  return lines.join('\n');
}

const isRate = (unit: string) => unit.endsWith('/s');
const beside = (word: string, value: number | undefined) => (value === undefined ? '' : `${word} ${shown(value)}`).padEnd(word.length + 7);
const shown = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0));

/** As long as the share of the reference that the figure takes; of a rate, the other way round. */
function bar({ value, unit, reference }: Row): string {
  if (!reference) return '';
  const share = isRate(unit) ? reference / value : value / reference;
  return '█'.repeat(Math.max(1, Math.min(WIDTH, Math.round(share * WIDTH)))).padEnd(WIDTH, '·');
}
