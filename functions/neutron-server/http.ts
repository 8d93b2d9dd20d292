import { createApi } from '../../shared/http/api.ts';
import { api } from './api.ts';

export const handler = createApi(api);
