import { serve } from '../../shared/rpc/serve.ts';
import { novaApi } from '../../shared/rpc/topics/nova-api.ts';
import { destinationsSelected } from './servers/create/destinations-selected.ts';

/** Answers to nova-api's own calls. */
export const handler = serve(novaApi, { destinations_selected: destinationsSelected }, {
  // the answer only informs: what it was about is in the instance's record, which has a deadline of its own
  exhausted: async () => {},
});
