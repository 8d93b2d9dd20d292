import type { HostState } from '../request.ts';
import type { Filter } from './filter.ts';

const aliases: Record<string, string> = { amd64: 'x86_64', x64: 'x86_64', arm64: 'aarch64', i386: 'i686', x86: 'i686', x86_32: 'i686' };
const canonical = (name: string) => aliases[name.toLowerCase()] ?? name.toLowerCase();

/** The host can run what the image says it needs: architecture, hypervisor type, vm mode, hypervisor version. */
export const imagePropertiesFilter: Filter = {
  concerns: ({ instance }) => wanted(instance.image_properties).length > 0 || versionOf(instance.image_properties) !== undefined,
  passes: (host, { instance }) => runs(host, instance.image_properties) && versionFits(host, versionOf(instance.image_properties)),
};

type Properties = Record<string, unknown>;
const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

const architectureOf = (p: Properties) => text(p['hw_architecture']) ?? text(p['architecture']);
const hypervisorOf = (p: Properties) => text(p['img_hv_type']) ?? text(p['hypervisor_type']);
const modeOf = (p: Properties) => text(p['hw_vm_mode']) ?? text(p['vm_mode']);
const versionOf = (p: Properties) => text(p['img_hv_requested_version']) ?? text(p['hypervisor_version_requires']);
const wanted = (p: Properties) => [architectureOf(p), hypervisorOf(p), modeOf(p)].filter((v) => v !== undefined);

function runs(host: HostState, properties: Properties): boolean {
  const [architecture, hypervisor, mode] = [architectureOf(properties), hypervisorOf(properties), modeOf(properties)];
  const fits = (asked: string | undefined, has: string) => asked === undefined || canonical(asked) === canonical(has);
  return host.supported_instances.some(([arch, hv, vm]) => fits(architecture, arch) && fits(mode, vm) && hypervisorFits(hypervisor, hv));
}

/** Nova names QEMU and KVM guests by either name. */
const hypervisorFits = (asked: string | undefined, has: string) =>
  asked === undefined || asked.toLowerCase() === has.toLowerCase() || (['qemu', 'kvm'].includes(asked.toLowerCase()) && ['qemu', 'kvm'].includes(has.toLowerCase()));

/** Requirements as `>=6.0,<7`: each of them must hold. Versions on the host are numbers: 6002000 is 6.2.0. */
function versionFits(host: HostState, requirement: string | undefined): boolean {
  if (requirement === undefined) return true;
  return requirement.split(',').every((part) => {
    const match = /^\s*(<=|>=|==|!=|<|>|=)?\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?\s*$/.exec(part);
    if (!match) return false;
    const asked = Number(match[2]) * 1_000_000 + Number(match[3] ?? 0) * 1_000 + Number(match[4] ?? 0);
    return compare(match[1] ?? '==', host.hypervisor_version, asked);
  });
}

function compare(operator: string, has: number, asked: number): boolean {
  switch (operator) {
    case '<': return has < asked;
    case '<=': return has <= asked;
    case '>': return has > asked;
    case '>=': return has >= asked;
    case '!=': return has !== asked;
    default: return has === asked;
  }
}
