/** Whether an event matches an EventBridge pattern: every field that the pattern names holds one of the values given for it. */
export function matches(pattern: Record<string, unknown>, event: unknown): boolean {
  return Object.entries(pattern).every(([field, wanted]) => {
    if (field === '$or') return (wanted as Record<string, unknown>[]).some((each) => matches(each, event));
    const value = (event as Record<string, unknown> | null | undefined)?.[field];
    if (!Array.isArray(wanted)) return typeof value === 'object' && value !== null && matches(wanted as Record<string, unknown>, value);
    return Array.isArray(value) && value.length ? value.some((each) => wanted.some((test) => accepts(test, each))) : wanted.some((test) => accepts(test, value));
  });
}

function accepts(test: unknown, value: unknown): boolean {
  if (typeof test !== 'object' || test === null) return test === value;
  const [[operator, operand] = []] = Object.entries(test) as [string, any][];
  const text = typeof value === 'string' ? value : undefined;
  const fold = (each: unknown) => String(each).toLowerCase();
  switch (operator) {
    case 'exists': return operand === (value !== undefined);
    case 'prefix': return text !== undefined && (typeof operand === 'object' ? fold(text).startsWith(fold(operand['equals-ignore-case'])) : text.startsWith(operand));
    case 'suffix': return text !== undefined && (typeof operand === 'object' ? fold(text).endsWith(fold(operand['equals-ignore-case'])) : text.endsWith(operand));
    case 'equals-ignore-case': return text !== undefined && fold(text) === fold(operand);
    case 'wildcard': return text !== undefined && new RegExp(`^${String(operand).split('*').map(escapeRegExp).join('.*')}$`, 's').test(text);
    case 'anything-but': {
      if (value === undefined) return false;
      const refused = Array.isArray(operand) ? operand : [operand];
      return !refused.some((each) => accepts(each, value));
    }
    case 'numeric': return typeof value === 'number' && compares(operand, value);
    default: throw new Error(`event patterns know no ${operator}`);
  }
}

function compares(operand: (string | number)[], value: number): boolean {
  const tests: Record<string, (limit: number) => boolean> = { '=': (n) => value === n, '<': (n) => value < n, '<=': (n) => value <= n, '>': (n) => value > n, '>=': (n) => value >= n };
  for (let at = 0; at < operand.length; at += 2) if (!tests[operand[at]!]!(Number(operand[at + 1]))) return false;
  return true;
}

const escapeRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
