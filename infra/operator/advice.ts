/** What to do about what goes wrong before anything has begun. */

/** Whether the AWS SDK was told to talk to an emulator. */
export const isEmulator = (): boolean => Boolean(process.env['AWS_ENDPOINT_URL']);

const advice: [pattern: RegExp, whatToDo: string][] = [
  [/CredentialsProviderError|Could not load credentials/, 'There are no AWS credentials here: aws configure sso, then aws sso login; or set AWS_PROFILE (or --profile NAME), or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.'],
  [/ExpiredToken|TokenRefreshRequired|SSO session|token has expired|Token is expired/i, 'The AWS credentials have expired: aws sso login, or renew them where you got them.'],
  [/InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClient|AuthFailure/, 'AWS does not know these credentials: look at AWS_PROFILE and AWS_ACCESS_KEY_ID.'],
  [/Region is missing/, 'No AWS region is chosen: set AWS_REGION, give --region NAME, or aws configure set region NAME.'],
  [/AccessDenied|UnauthorizedOperation/, 'These credentials may not do this: use an administrator of the account, or ask one for the action that the sentence above names.'],
  [/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|UnknownEndpoint/, 'AWS cannot be reached from here: look at AWS_REGION, AWS_ENDPOINT_URL, and the network.'],
];

/** The sentence for an error of AWS's or its SDK's; undefined where there is none. */
export function adviceFor(error: Error): string | undefined {
  const text = `${error.name} ${(error as { code?: string }).code ?? ''} ${error.message}`;
  return advice.find(([pattern]) => pattern.test(text))?.[1];
}

/** The same promise, its error with what to do about it. */
export const withAdvice = <T>(promise: Promise<T>): Promise<T> => promise.catch((error: Error) => {
  const whatToDo = adviceFor(error);
  throw whatToDo ? new Error(whatToDo, { cause: error }) : error;
});

/** Runs a command: what it throws is told in words, with what to do where that is known, and ends the process with 1. */
export async function command(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const { message } = error as Error;
    console.error(message);
    const whatToDo = adviceFor(error as Error);
    if (whatToDo && !message.includes(whatToDo)) console.error(whatToDo);
    process.exitCode = 1;
  }
}
