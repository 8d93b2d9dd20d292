import { badRequest } from '../../../shared/http/errors.ts';

/**
 * A user's regular expression, as the name and address filters take it. RE2: its time grows with the text alone, so that no
 * pattern keeps a function busy. Its package is loaded with the first of them. 400 where it is none.
 */
export async function userPattern(source: string, field: string, { ignoreCase = false } = {}): Promise<(text: string) => boolean> {
  const { RE2JS } = await import('./regular-expression.ts');
  try {
    const pattern = RE2JS.compile(source, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
    return (text) => pattern.matcher(text).find();
  } catch {
    throw badRequest(`Invalid input for query parameters ${field}. Value: ${source}. '${source}' is not a valid regular expression.`);
  }
}
