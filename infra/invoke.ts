import { InvokeCommand, LambdaClient, type LambdaClientConfig } from '@aws-sdk/client-lambda';

/** Calls deployed functions as an operator does. `prefix` stands before their declared names; throws what the function threw. */
export const invokerOf = (settings: LambdaClientConfig, prefix: string) => async (name: string, event: unknown): Promise<unknown> => {
  const client = new LambdaClient({ ...settings, maxAttempts: 1 });
  const { Payload, FunctionError } = await client.send(
    new InvokeCommand({ FunctionName: prefix + name, Payload: JSON.stringify(event) }),
    { abortSignal: AbortSignal.timeout(120_000) },
  );
  const text = Buffer.from(Payload ?? []).toString();
  if (FunctionError) throw new Error(`${name}: ${reasonOf(text)}`);
  return text ? JSON.parse(text) : null;
};

function reasonOf(text: string): string {
  try {
    return (JSON.parse(text) as { errorMessage?: string }).errorMessage ?? text;
  } catch {
    return text;
  }
}
