import * as Type from '@sinclair/typebox';
import { topic } from '../topic.ts';
import { novaScheduler } from './nova-scheduler.ts';

export const novaApi = topic('nova-api', {}, {
  /** Step 11: the updated instance entry; it informs, the claim has already put the host into the record. */
  destinations_selected: { to: novaScheduler.methods.select_destinations, passback: Type.Object({ instance_uuid: Type.String(), project_id: Type.String() }) },
});
