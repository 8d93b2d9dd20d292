import { createApi } from '../../shared/http/api.ts';
import { HttpError } from '../../shared/http/errors.ts';
import { identityFault } from '../../shared/http/faults.ts';
import type { Route } from '../../shared/http/route.ts';
import { validate } from '../../shared/http/validate.ts';
import { authenticateCaller } from './auth/context.ts';
import { refused } from './errors.ts';
import { policies } from './policies.ts';

/** The Identity API's manners, for each of the functions that serve a part of it. */
export const identityApi = (routes: Route[], outside: Route[] = []) =>
  createApi({
    service: 'keystone',
    root: '/identity/v3',
    routes,
    outside,
    policies,
    fault: identityFault,
    authenticate: authenticateCaller,
    refusal: refused,
    headers: { Vary: 'X-Auth-Token' },
    validate: (schema, value) => {
      try {
        validate(schema, value);
      } catch (error) {
        // what was typed into a password field stays out of answers and whatever logs them
        if (error instanceof HttpError && /field\/attribute \w*(password|secret)/.test(error.message)) throw new HttpError(400, error.message.replace(/Value: .*/s, 'It must be a string.'));
        throw error;
      }
    },
  });
