/** Structured log lines. Never a token, password, user data or header bag: pass ids and plain facts. */
type Facts = Record<string, unknown>;

const write = (level: string) => (message: string, facts: Facts = {}) =>
  console.log(JSON.stringify({ time: new Date().toISOString(), level, function: process.env['AWS_LAMBDA_FUNCTION_NAME'], message, ...facts }));

export const log = { info: write('info'), warn: write('warn'), error: write('error') };

/** An error as facts, with its stack and its cause's. */
export const factsOf = (error: unknown): Facts =>
  error instanceof Error
    ? { error: error.name, reason: error.message, stack: error.stack, ...(error.cause !== undefined && { cause: factsOf(error.cause) }) }
    : { reason: String(error) };
