import { CommandFailed, run, type RunOptions } from '../../run.ts';
import { ActionFailed } from '../driver.ts';

/** libvirt does not answer: nothing is known of the guests meanwhile, and another host does better. */
export class LibvirtAway extends ActionFailed { override name = 'LibvirtAway' }
/** libvirt knows no such domain. */
export class NoDomain extends ActionFailed { override name = 'NoDomain' }
/** libvirt did not do what it was asked for; `said` is its own last word. */
export class LibvirtFailed extends ActionFailed {
  override name = 'LibvirtFailed';
  readonly said: string;
  constructor(said: string, cause: unknown) {
    super(`libvirt: ${said}`, { retryable: true, cause });
    this.said = said;
  }
}

const SYSTEM = 'qemu:///system';
/** A daemon that is being restarted is back within seconds. */
const AWAY = /failed to connect to the hypervisor|cannot recv data|cannot write data|end of file while reading|client socket is closed|connection reset|failed to connect socket/i;
const UNKNOWN = /domain not found|failed to get domain|no domain with matching/i;

export type Virsh = ReturnType<typeof openVirsh>;

/** virsh, a word at a time and never through a shell. `URI` of libvirt: LIBVIRT_DEFAULT_URI, as its own tools have it, else the system's. */
export function openVirsh(uri = process.env['LIBVIRT_DEFAULT_URI'] ?? SYSTEM) {
  async function virsh(words: string[], options?: RunOptions): Promise<string> {
    try {
      return await run('virsh', ['-q', '-c', uri, ...words], options);
    } catch (error) {
      throw failure(error);
    }
  }
  return Object.assign(virsh, { uri });
}

function failure(error: unknown): unknown {
  if (!(error instanceof CommandFailed)) return error;
  if (error.errno === 'ENOENT') return new LibvirtAway('virsh is not installed on this host.', { retryable: true, cause: error });
  const said = error.stderr.trim().split('\n').filter((line) => line !== '').map((line) => line.replace(/^error: */, '')).at(-1) ?? 'virsh took too long';
  if (AWAY.test(error.stderr)) return new LibvirtAway(`libvirt does not answer on this host: ${said}`, { retryable: true, cause: error });
  if (UNKNOWN.test(error.stderr)) return new NoDomain('The guest is not known to libvirt.', { cause: error });
  return new LibvirtFailed(said, error);
}
