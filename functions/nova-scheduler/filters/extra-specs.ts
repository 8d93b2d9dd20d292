/**
 * The little language in which a flavor's extra spec asks for a value: a plain value is compared as text; an operator comes
 * first and its operand after it: numbers `= == != >= <= > <` (`=` is "at least"), text `s== s!= s< s<= s> s>=`, `<in> part`,
 * `<all-in> a b`, `<or> a <or> b`, `<is> true`.
 */
export function matches(value: unknown, asked: string): boolean {
  if (value === undefined || value === null) return false;
  const [operator, ...operands] = asked.trim().split(/\s+/);
  const operand = operands.join(' ');
  const numbers = numeric[operator ?? ''];
  if (numbers && operand !== '') return numbers(Number(value), Number(operand));
  const texts = textual[operator ?? ''];
  if (texts && operand !== '') return texts(String(value), operand);
  switch (operator) {
    case '<in>': return containing(value, operand);
    case '<all-in>': return operands.every((each) => containing(value, each));
    case '<or>': return asked.split('<or>').map((each) => each.trim()).filter(Boolean).includes(String(value));
    case '<is>': return truth(operand) === truth(String(value));
    default: return String(value) === asked;
  }
}

const numeric: Record<string, (a: number, b: number) => boolean> = {
  '=': (a, b) => a >= b, '==': (a, b) => a === b, '!=': (a, b) => a !== b, '>=': (a, b) => a >= b, '<=': (a, b) => a <= b, '>': (a, b) => a > b, '<': (a, b) => a < b,
};
const textual: Record<string, (a: string, b: string) => boolean> = {
  's==': (a, b) => a === b, 's!=': (a, b) => a !== b, 's<': (a, b) => a < b, 's<=': (a, b) => a <= b, 's>': (a, b) => a > b, 's>=': (a, b) => a >= b,
};
const containing = (value: unknown, part: string) => (Array.isArray(value) ? value.map(String).includes(part) : String(value).includes(part));
const truth = (text: string) => ['true', 't', 'yes', 'y', 'on', '1'].includes(text.toLowerCase());
