import { RemoteError } from '../../shared/openstack/rest.ts';

/** A launch or an action cannot be done; the message is for the user. */
export class CannotDo extends Error {
  override name = 'CannotDo';
  /** Another host may do better. */
  readonly retry: boolean;
  constructor(message: string, { retry = false, cause }: { retry?: boolean; cause?: unknown } = {}) {
    super(message, { cause });
    this.retry = retry;
  }
}

/** Another service's refusal is final: trying again would be refused again. What it could not do just now passes. */
export async function refusalsAreFinal<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RemoteError && error.status < 500 && error.status !== 429) throw new CannotDo(error.message, { cause: error, retry: error.type === 'NetworkOnOtherHost' });
    throw error;
  }
}

/** Undoing what is gone already is no error. */
export async function goneIsFine(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof RemoteError && error.status === 404)) throw error;
  });
}
