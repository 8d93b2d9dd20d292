/** Device names are decided by the API, before its answer: nobody waits for a host to say them. */

const prefixes: Record<string, string> = { virtio: 'vd', scsi: 'sd', sata: 'sd', usb: 'sd', ide: 'hd', fdc: 'fd', xen: 'xvd' };
export const diskBuses = Object.keys(prefixes);

/** vda … vdz, vdaa … */
export function* namesFor(bus = 'virtio'): Generator<string> {
  const prefix = prefixes[bus] ?? 'vd';
  for (let i = 0; ; i++) yield `/dev/${prefix}${letters(i)}`;
}

function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}

export const withDev = (name: string) => (name.startsWith('/dev/') ? name : `/dev/${name}`);

/** The first name of the bus that is not taken; a wish is granted where it is free. */
export function nameDevice(taken: Iterable<string>, bus?: string, wish?: string): string {
  const used = new Set(taken);
  if (wish !== undefined && !used.has(withDev(wish))) return withDev(wish);
  for (const name of namesFor(bus)) if (!used.has(name)) return name;
  throw new Error('unreachable: there is always another name');
}
