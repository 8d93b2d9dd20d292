import * as Type from '@sinclair/typebox';
import { topic } from '../topic.ts';

/** Step 8's question and step 11's answer: where does this instance go? */
export const novaScheduler = topic('nova-scheduler', {
  select_destinations: {
    /** `request_spec`: what is asked for, where the sender has just written it (shared/objects/request_spec.ts); else it is read. */
    args: Type.Object({ instance_uuid: Type.String(), project_id: Type.String(), request_spec: Type.Optional(Type.Record(Type.String(), Type.Unknown())) }),
    result: Type.Object({ instance_uuid: Type.String(), host: Type.String(), alternates: Type.Array(Type.String()) }),
  },
});
