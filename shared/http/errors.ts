/**
 * The errors that a handler may throw; a service's fault format turns them into its own JSON in one place (faults.ts).
 * `message` is for the user: it names the field or the thing.
 */
export class HttpError extends Error {
  override name = 'HttpError';
  readonly status: number;
  readonly headers: Record<string, string>;
  /** Neutron's and Glance's exception name, where clients look at it. */
  readonly type: string | undefined;
  constructor(status: number, message: string, options: { headers?: Record<string, string>; type?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.status = status;
    this.headers = options.headers ?? {};
    this.type = options.type;
  }
}

const kind = (status: number, fallback: string) => (message = fallback, options?: ConstructorParameters<typeof HttpError>[2]) => new HttpError(status, message, options);

export const badRequest = kind(400, 'The request is not valid.');
export const unauthorized = kind(401, 'The request you have made requires authentication.');
export const forbidden = kind(403, 'You are not authorized to perform the requested action.');
export const notFound = kind(404, 'The resource could not be found.');
export const methodNotAllowed = kind(405, 'The method is not allowed for this resource.');
export const notAcceptable = kind(406, 'The requested version or format is not available.');
export const conflict = kind(409, 'The resource is not in a state that allows this.');
export const payloadTooLarge = kind(413, 'The request body is too large.');
export const unsupportedMediaType = kind(415, 'The content type is not supported.');
export const serviceUnavailable = (message = 'The service is busy, try again.', options: { headers?: Record<string, string>; cause?: unknown } = {}) =>
  new HttpError(503, message, { ...options, headers: { 'Retry-After': '1', ...options.headers } });

/** Policy's refusal in oslo.policy's words. */
export const policyRefused = (policy: string) => forbidden(`Policy doesn't allow ${policy} to be performed.`, { type: 'PolicyNotAuthorized' });
