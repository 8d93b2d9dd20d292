/** An environment variable that the template must have given; a missing one names itself. */
export function requireEnv(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`environment variable ${name} is missing: the function's declaration does not ask for it`);
  return value;
}
