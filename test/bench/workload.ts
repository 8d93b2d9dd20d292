import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './target.ts';

const NAME = 'novaless-bench';
const POLL_MS = 10;

/** What the launches are made of; made for the bench, and taken away by `remove`. */
export interface Workload {
  launch(count?: number): Promise<string[]>;
  /** Until all of them are ACTIVE; throws where one fails or `seconds` pass. */
  active(ids: string[], seconds?: number): Promise<void>;
  delete(ids: string[]): Promise<void>;
  remove(): Promise<void>;
}

export async function prepare(target: Target): Promise<Workload> {
  const { request } = target;
  const flavors: any[] = (await request('compute', 'GET', '/flavors/detail')).flavors;
  const flavor = flavors.toSorted((a, b) => a.ram - b.ram)[0]!.id;
  const image = (await request('image', 'POST', '/images', { name: NAME, disk_format: 'raw', container_format: 'bare' })).id;
  await request('image', 'PUT', `/images/${image}/file`, 'x'.repeat(1024));
  const network = (await request('network', 'POST', '/networks', { network: { name: NAME } })).network.id;
  const subnet = (await request('network', 'POST', '/subnets', { subnet: { network_id: network, ip_version: 4, cidr: '10.240.0.0/16', gateway_ip: null } })).subnet.id;

  return {
    async launch(count = 1) {
      const { server } = await request('compute', 'POST', '/servers', {
        server: { name: NAME, flavorRef: flavor, imageRef: image, networks: [{ uuid: network }], ...(count > 1 && { min_count: count, max_count: count, return_reservation_id: false }) },
      });
      if (count === 1) return [server.id];
      const { servers } = await request('compute', 'GET', `/servers?name=${NAME}&limit=1000&sort_key=created_at&sort_dir=desc`);
      return servers.slice(0, count).map(({ id }: { id: string }) => id);
    },
    async active(ids, seconds = 600) {
      const end = Date.now() + seconds * 1000;
      // one by one in the order of asking: the last to be seen is the last to be ready, and few requests disturb what is measured
      for (const id of ids) {
        for (;;) {
          const { server } = await request('compute', 'GET', `/servers/${id}`);
          if (server.status === 'ACTIVE') break;
          if (server.status === 'ERROR' || Date.now() > end) throw new Error(`server ${id} is ${server.status}: ${server.fault?.message ?? ''}`);
          await sleep(ids.length > 1 ? 5 * POLL_MS : POLL_MS);
        }
      }
    },
    async delete(ids) {
      for (const id of ids) await request('compute', 'DELETE', `/servers/${id}`, undefined, [404]);
      for (const id of ids) while ((await request('compute', 'GET', `/servers/${id}`, undefined, [404])).server) await sleep(5 * POLL_MS);
    },
    async remove() {
      await request('network', 'DELETE', `/subnets/${subnet}`, undefined, [404]);
      await request('network', 'DELETE', `/networks/${network}`, undefined, [404]);
      await request('image', 'DELETE', `/images/${image}`, undefined, [404]);
    },
  };
}
