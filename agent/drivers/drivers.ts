import type { Driver, DriverSurroundings } from './driver.ts';
import { fakeDriver } from './fake/driver.ts';
import { libvirtDriver } from './libvirt/driver.ts';

/** Every driver by its name in the configuration. */
const drivers: Record<string, (surroundings: DriverSurroundings) => Driver> = { fake: fakeDriver, libvirt: libvirtDriver };

export function makeDriver(name: string, surroundings: DriverSurroundings): Driver {
  const make = drivers[name];
  if (!make) throw new Error(`this agent has no driver ${name}; it has ${Object.keys(drivers).join(', ')}`);
  return make(surroundings);
}
