import { isAdmin, type RequestContext } from '../../../shared/identity/context.ts';
import { conflict, notFound } from '../../../shared/http/errors.ts';
import { type Flavor, FLAVORS, flavorKey, flavorNameKey } from '../../../shared/objects/flavor.ts';
import { absent, exists } from '../../../shared/store/condition.ts';
import { ConditionFailed, TransactionRefused } from '../../../shared/store/errors.ts';
import { nova } from '../store.ts';

export const flavorNotFound = (id: string) => notFound(`Flavor ${id} could not be found.`);

/** May this project launch with it? */
export const usableBy = (flavor: Flavor, context: Pick<RequestContext, 'project_id' | 'roles'>) =>
  flavor.is_public || isAdmin(context as RequestContext) || flavor.projects.includes(context.project_id ?? '');

/** 404 where there is none, or none that the asker may see. */
export async function findFlavor(id: string, context: RequestContext): Promise<Flavor> {
  const flavor = await nova.get<Flavor>(flavorKey(id));
  if (!flavor || !usableBy(flavor, context)) throw flavorNotFound(id);
  return flavor;
}

export const allFlavors = () => nova.query<Flavor>({ pk: FLAVORS, prefix: 'FLAVOR#' });

export async function insertFlavor(flavor: Flavor): Promise<void> {
  try {
    await nova.transact([
      { put: flavor, if: { pk: absent() } },
      { put: { ...flavorNameKey(flavor.name), flavorid: flavor.flavorid }, if: { pk: absent() } },
    ]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    if (error.failed[0]?.conditionFailed) throw conflict(`Flavor with ID ${flavor.flavorid} already exists.`);
    throw conflict(`Flavor with name ${flavor.name} already exists.`);
  }
}

/** Changes what the record says now; read and written again where somebody else was faster. */
export async function changeFlavor(id: string, change: (flavor: Flavor) => Partial<Flavor>): Promise<Flavor> {
  for (;;) {
    const flavor = await nova.get<Flavor>(flavorKey(id));
    if (!flavor) throw flavorNotFound(id);
    try {
      return await nova.update<Flavor>(flavorKey(id), { set: { ...change(flavor), revision: flavor.revision + 1, updated_at: new Date().toISOString() } }, { revision: flavor.revision });
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

export async function removeFlavor(id: string): Promise<void> {
  const flavor = await nova.get<Flavor>(flavorKey(id));
  if (!flavor) throw flavorNotFound(id);
  try {
    await nova.transact([{ delete: flavorKey(id), if: { pk: exists() } }, { delete: flavorNameKey(flavor.name) }]);
  } catch (error) {
    if (error instanceof TransactionRefused) throw flavorNotFound(id);
    throw error;
  }
}
