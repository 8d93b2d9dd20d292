import type { Abilities } from './capabilities.ts';

/** A host for unit tests. */
export const testAbilities: Abilities = {
  architecture: 'x86_64', kvm: false, machines: ['q35', 'pc', 'pc-q35-7.2', 'pc-i440fx-7.2'], uefi: true, cpuModes: ['maximum', 'host-model'],
  videoModels: ['vga', 'virtio', 'none'], cpu: { model: 'x', vendor: 'y', features: [], topology: { sockets: 1, cores: 2, threads: 1 } },
  supported: [['x86_64', 'qemu', 'hvm']], version: 7_002_022, qemu: undefined,
};
