import type { Disk, Vif } from '../../../shared/agent/command.ts';
import type { Args } from '../driver.ts';
import { AGENT_VERSION } from '../../version.ts';

/** A console's line; control characters of names would play tricks on a terminal. */
export const line = (text: string): string => `[${new Date().toISOString()}] ${plain(text)}\n`;
const plain = (text: string) => text.replaceAll(/\p{Cc}+/gu, ' ');

/** What the guest would have been, for whoever reads its console. Says of user data and passwords only that there are some. */
export function bootText(args: Args<'spawn'>, host: string): string {
  const { flavor } = args;
  const facts: [string, string][] = [
    ['server', `${args.name} (${args.instance_uuid})`],
    ['host name', args.hostname],
    ['project', args.project_id],
    ['flavor', `${flavor.name}: ${flavor.vcpus} vCPU, ${flavor.memory_mb} MiB memory, ${flavor.root_gb} GiB root, ${flavor.ephemeral_gb} GiB ephemeral, ${flavor.swap} MiB swap`],
    ...args.disks.map((disk): [string, string] => ['disk', diskText(disk)]),
    ...args.vifs.map((vif): [string, string] => ['interface', vifText(vif)]),
    ['key pair', args.key_name ?? 'none'],
    ['user data', args.user_data ? 'yes' : 'no'],
    ['password', args.admin_pass ? 'yes' : 'no'],
    ['config drive', args.config_drive ? 'yes' : 'no'],
    ['zone', args.availability_zone],
  ];
  return [
    line(`Novaless agent ${AGENT_VERSION}, fake driver on ${host}: nothing boots here. This is what a hypervisor would have booted:`),
    ...facts.map(([name, value]) => `${name.padStart(14)}: ${plain(value)}\n`),
    line('the server is running, as far as the fake driver is concerned'),
  ].join('');
}

export function diskText({ device, boot_index, source }: Disk): string {
  const boot = boot_index === 0 ? ', boots' : '';
  switch (source.type) {
    case 'image': return `${device}: image ${source.image_id} (${source.disk_format}, ${source.size} bytes, checked)${boot}`;
    case 'volume': return `${device}: volume ${source.volume_id}${boot}`;
    case 'blank': return `${device}: ${source.size_gb} GiB, ${source.guest_format ?? 'blank'}${boot}`;
  }
}

export function vifText({ mac_address, network_name, fixed_ips, security_rules }: Vif): string {
  const addresses = fixed_ips.map(({ ip_address, cidr }) => `${ip_address} in ${cidr}`).join(', ') || 'no address';
  return `${mac_address} on ${network_name}: ${addresses}; ${security_rules.length} security group rules`;
}
