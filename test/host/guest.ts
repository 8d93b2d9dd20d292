import { eventually } from '../support/eventually.ts';
import type { Visitor } from './visitor.ts';

/** What a guest of image/ tells of itself (image/rootfs/www/cgi-bin/report). */
export interface Report {
  hostname: string;
  uptime: number;
  boots: number;
  /** Whether config drive, metadata service and user data are behind it. */
  ready: boolean;
  memory_kb: number;
  cpus: number;
  authorized_keys: string | null;
  'config-drive': { present: boolean; key: string | null };
  metadata: { present: boolean; key: string | null };
  user_data: { of: string | null; exit: string | null; output: string | null };
  interfaces: Record<string, { mac: string; mtu: number; address: string }>;
  routes: string;
  dns: string | null;
  disks: Record<string, { bytes: number; serial: string; read_only: number }>;
}

const PORT = 8080;

/** A running guest of image/ at an address, as a visitor of its network reaches it. Its security group must let port 8080 in. */
export function guestAt(visitor: Visitor, address: string) {
  const report = async (): Promise<Report> => JSON.parse(await visitor.fetch(`http://${address}:${PORT}/cgi-bin/report`));
  return {
    address,
    report,
    /** Its report once it has done all that it does at a boot. */
    ready: (seconds = 60, more: (report: Report) => boolean = () => true) => eventually(async () => {
      const told = await report();
      if (!told.ready || !more(told)) throw new Error(`the guest is not ready: ${JSON.stringify(told)}`);
      return told;
    }, seconds),
    /** A document as the guest read it: `config-drive/openstack/latest/meta_data.json`, `metadata/latest/meta-data/instance-id`, … */
    document: (path: string) => visitor.fetch(`http://${address}:${PORT}/${path}`),
    /** What a script wrote, run in the guest as root. Throws where it ended with an error. */
    async run(script: string, seconds = 20): Promise<string> {
      const answer = await visitor.fetch(`http://${address}:${PORT}/cgi-bin/run`, { body: script, seconds });
      const [, output, code] = /^([^]*?)exit (\d+)\n$/.exec(answer) ?? [];
      if (code !== '0') throw new Error(`${script} ended with ${code}: ${answer}`);
      return output!;
    },
  };
}

export type Guest = ReturnType<typeof guestAt>;
