import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PATIENCE_MS = 5000; // firmware and boot sector take half a second
const ANSWER = 0x21;
const PORT = 0x501;

/**
 * Whether a guest really runs on this processor. That /dev/kvm is there and libvirt offers it says too little: some nested
 * virtualizations stop a guest that leaves 64-bit mode, as every boot loader does. A boot sector goes into protected mode, returns from an
 * interrupt there and ends QEMU by its debug port.
 */
export function kvmWorks(emulator: string): Promise<boolean> {
  if (process.arch !== 'x64') return Promise.resolve(true);
  const file = join(tmpdir(), `novaless-kvm-${randomUUID()}`);
  writeFileSync(file, bootSector(), { mode: 0o600 });
  return new Promise<boolean>((resolve) => {
    const child = spawn(emulator, [
      '-no-user-config', '-nodefaults', '-display', 'none', '-machine', 'q35,accel=kvm', '-cpu', 'host', '-m', '16',
      '-device', `isa-debug-exit,iobase=${PORT},iosize=1`, '-drive', `file=${file},format=raw,if=ide`,
    ], { stdio: ['ignore', 'ignore', 'pipe'], timeout: PATIENCE_MS, killSignal: 'SIGKILL' });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
      if (complaint.includes('KVM internal error')) child.kill('SIGKILL');
    });
    child.once('error', () => resolve(false));
    child.once('close', (code) => resolve(code === ANSWER * 2 + 1));
  }).finally(() => rmSync(file, { force: true }));
}

function bootSector(): Buffer {
  const base = 0x7c00, protectedMode = 0x20, back = 0x40, gdt = 0x60, gdtRegister = 0x80;
  const sector = Buffer.alloc(512);
  const put = (at: number, ...bytes: number[]) => sector.set(bytes, at);
  const word = (value: number) => [value & 0xff, (value >> 8) & 0xff];
  const long = (value: number) => [...word(value), 0, 0];
  put(0x00, 0xfa, 0x31, 0xc0, 0x8e, 0xd8, // cli; ds = 0
    0x0f, 0x01, 0x16, ...word(base + gdtRegister), // lgdt
    0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0, // cr0: protection enabled
    0xea, ...word(base + protectedMode), 0x08, 0x00); // far jump
  put(protectedMode, 0x66, 0xb8, 0x10, 0x00, 0x8e, 0xd8, 0x8e, 0xd0, // ds, ss: data
    0xbc, ...long(0x7000), // esp
    0x9c, 0x6a, 0x08, 0x68, ...long(base + back), 0xcf); // flags, code segment, address; iret
  put(back, 0x66, 0xba, ...word(PORT), 0xb0, ANSWER, 0xee, // out
    0xf4, 0xeb, 0xfd); // halt
  put(gdt + 8, 0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0, 0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0);
  put(gdtRegister, 0x17, 0x00, ...long(base + gdt));
  put(510, 0x55, 0xaa);
  return sector;
}
