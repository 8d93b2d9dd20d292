import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { HypervisorFacts } from '../driver.ts';
import { hostAddress } from '../machine.ts';
import type { Abilities } from './capabilities.ts';
import type { LibvirtHost } from './host.ts';

/** The host's own, as Nova's reserved_host_memory_mb has it by default. */
const RESERVED_MB = 512;

/** Throws LibvirtAway: a host whose libvirt is away is silent, and so gets no launches. */
export async function libvirtFacts({ abilities, virsh, guests, disks }: Pick<LibvirtHost, 'abilities' | 'virsh' | 'guests' | 'disks'>): Promise<HypervisorFacts> {
  const [able] = await Promise.all([abilities(), virsh(['nodeinfo'])]);
  const space = disks.space();
  const { cpu, architecture } = able;
  return {
    driver: 'libvirt', hypervisor_type: 'QEMU', hypervisor_version: able.version, host_ip: hostAddress(), architecture, supported_instances: able.supported,
    cpu_info: { arch: architecture, model: cpu.model, vendor: cpu.vendor, features: cpu.features, topology: { cells: 1, ...cpu.topology }, accelerated: able.kvm },
    vcpus: availableParallelism(), memory_mb: Math.max(0, Math.floor(totalmem() / 1024 ** 2) - RESERVED_MB), local_gb: Math.floor(space.total_gb),
    traits: traits(able), guests: guests.all().map(({ uuid }) => uuid), volume_pool: space,
  };
}

const always = [
  'COMPUTE_DEVICE_TAGGING', 'COMPUTE_NET_ATTACH_INTERFACE', 'COMPUTE_NET_ATTACH_INTERFACE_WITH_TAG', 'COMPUTE_VOLUME_ATTACH_WITH_TAG', // and no COMPUTE_VOLUME_MULTI_ATTACH: a volume has one guest here
  'COMPUTE_IMAGE_TYPE_ISO', 'COMPUTE_IMAGE_TYPE_QCOW2', 'COMPUTE_IMAGE_TYPE_RAW',
  'COMPUTE_STORAGE_BUS_SATA', 'COMPUTE_STORAGE_BUS_SCSI', 'COMPUTE_STORAGE_BUS_USB', 'COMPUTE_STORAGE_BUS_VIRTIO',
  'COMPUTE_NET_VIF_MODEL_E1000', 'COMPUTE_NET_VIF_MODEL_E1000E', 'COMPUTE_NET_VIF_MODEL_RTL8139', 'COMPUTE_NET_VIF_MODEL_VIRTIO',
];

/** Linux's words for what a processor can, where Nova's traits have others. */
const odd: Record<string, string> = { pclmulqdq: 'PCLMUL', pni: 'SSE3', sse4_1: 'SSE41', sse4_2: 'SSE42', avx512_vnni: 'AVX512VNNI', avx512_vbmi2: 'AVX512VBMI2', avx512_bitalg: 'AVX512BITALG', avx512_vpopcntdq: 'AVX512VPOPCNTDQ', sha_ni: 'SHA' };
const known = new Set(['3DNOW', 'ABM', 'AESNI', 'AVX', 'AVX2', 'AVX512BW', 'AVX512CD', 'AVX512DQ', 'AVX512ER', 'AVX512F', 'AVX512PF', 'AVX512VL', 'AVX512VNNI', 'AVX512VBMI', 'AVX512VBMI2', 'AVX512IFMA', 'AVX512BITALG', 'AVX512VPOPCNTDQ', 'BMI', 'BMI2', 'CLMUL', 'F16C', 'FMA3', 'FMA4', 'MMX', 'MPX', 'PCID', 'PDPE1GB', 'SGX', 'SHA', 'SSE', 'SSE2', 'SSE3', 'SSE41', 'SSE42', 'SSE4A', 'SSSE3', 'STIBP', 'SVM', 'TBM', 'TSX', 'VMX', 'XOP']);
const renamed: Record<string, string> = { PCLMUL: 'CLMUL', FMA: 'FMA3', AES: 'AESNI', BMI1: 'BMI', LZCNT: 'ABM', RTM: 'TSX' };

/** Nova's, each true of this host. What a processor can is the guests' only where they run on it. */
function traits({ kvm, architecture, videoModels, uefi }: Abilities): string[] {
  const models = videoModels.filter((model) => ['bochs', 'cirrus', 'none', 'qxl', 'vga', 'virtio', 'vmvga'].includes(model)).map((model) => `COMPUTE_GRAPHICS_MODEL_${model.toUpperCase()}`);
  const flags = kvm && architecture === 'x86_64' ? /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.trim().split(/\s+/) ?? [] : [];
  const cpu = flags.map((flag) => odd[flag] ?? flag.toUpperCase()).map((name) => renamed[name] ?? name).filter((name) => known.has(name)).map((name) => `HW_CPU_X86_${name}`);
  return [...new Set([...always, ...models, ...cpu, ...(uefi ? ['COMPUTE_FIRMWARE_UEFI'] : []), ...(architecture === 'x86_64' ? ['COMPUTE_FIRMWARE_BIOS', 'HW_ARCH_X86_64', 'COMPUTE_STORAGE_BUS_IDE'] : [])])].sort();
}
