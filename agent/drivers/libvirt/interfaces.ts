import type { Actions } from '../driver.ts';
import type { Boot } from './boot.ts';
import { interfaceTag, portAlias } from './devices.ts';
import { settingsFor } from './domain.ts';
import type { Domains } from './domains.ts';
import { allOrNothing, changeable, letGo } from './hotplug.ts';
import type { LibvirtHost } from './host.ts';
import type { Once } from './once.ts';
import { isActive } from './states.ts';
import { xmlText } from './xml.ts';

type InterfaceActions = Pick<Actions, 'attach_interface' | 'detach_interface' | 'refresh_interface' | 'refresh_metadata'>;

export function interfaceActions({ guests, network, abilities }: LibvirtHost, domains: Domains, { define }: Boot, once: Once): InterfaceActions {
  return {
    attach_interface: ({ instance_uuid: uuid, vif }, job) => once(uuid, job, async (guest) => {
      const { args } = guest;
      const { port_id: port } = vif;
      const domain = await changeable(domains, uuid);
      const others = args.vifs.filter(({ port_id }) => port_id !== port);

      await allOrNothing(async () => {
        const after = await define({ ...guest, args: { ...args, vifs: [...others, vif] } }, job.signal);
        if (isActive(domain)) {
          await network.prepare(uuid, vif);
          const tap = network.tapName(port);
          if (!(await domains.has(uuid, portAlias(port)))) {
            await domains.attach(uuid, xmlText(interfaceTag(vif, tap, settingsFor(args, await abilities()), args.flavor.vcpus, 'down')));
          }
          await network.plug(uuid, vif);
          await domains.link(uuid, tap, 'up');
        }
        await guests.put(after);
      }, job, others.length < args.vifs.length ? [] : [
        () => letGo(domains, uuid, portAlias(port), `interface ${port}`, job.signal),
        () => network.unplug(port),
        () => define(guest, job.signal),
      ]);
    }),

    detach_interface: ({ instance_uuid: uuid, port_id: port }, job) => once(uuid, job, async (guest) => {
      await letGo(domains, uuid, portAlias(port), `interface ${port}`, job.signal);
      await network.unplug(port);
      const left = guest.args.vifs.filter(({ port_id }) => port_id !== port);
      if (left.length < guest.args.vifs.length) await define(await guests.put({ ...guest, args: { ...guest.args, vifs: left } }), job.signal);
    }),

    refresh_interface: ({ instance_uuid: uuid, vif }, job) => once(uuid, job, async (guest) => {
      const { args } = guest;
      if (!args.vifs.some(({ port_id }) => port_id === vif.port_id)) return;
      await guests.put({ ...guest, args: { ...args, vifs: args.vifs.map((each) => (each.port_id === vif.port_id ? vif : each)) } });
      await network.refresh(uuid, vif);
    }),

    refresh_metadata: ({ instance_uuid: uuid, name, metadata }, job) => once(uuid, job, (guest) => guests.put({ ...guest, args: { ...guest.args, name, metadata } })),
  };
}
