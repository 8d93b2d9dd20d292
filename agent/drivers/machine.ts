import { networkInterfaces } from 'node:os';

const architectures: Record<string, string> = { x64: 'x86_64', arm64: 'aarch64', ppc64: 'ppc64le', s390x: 's390x', riscv64: 'riscv64' };

/** As images name it in `hw_architecture`. */
export const architecture = architectures[process.arch] ?? process.arch;

/** This machine's first address that others could reach. */
export function hostAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
