import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { compressed, decompressed, dictionaries, HOSTS } from './compression.ts';

test('whatever a record holds comes back as it was', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => assert.deepEqual(decompressed(compressed(value)), JSON.parse(JSON.stringify(value)))));
  const large = { user_data: 'IyEvYmluL3No'.repeat(5_000), tags: Array.from({ length: 50 }, (_, i) => `tag-${i}`) };
  assert.deepEqual(decompressed(compressed(large)), large);
});

test('what a launch writes down fits where it is paid for once', () => {
  const ports = [{
    port_id: '0a899cad-d387-569f-bcc2-c38988aba0df', network_id: 'f2944273-40d9-4a78-882c-7bd33c0a1c7f', network_label: 'private', mac_address: 'fa:16:3e:59:5b:56',
    fixed_ips: [{ subnet_id: '00e0af6d-9821-4dda-a2fa-6b255c82fec6', ip_address: '10.240.62.184', version: 4 }], created_by_nova: true,
  }];
  assert.ok(compressed(ports).length < 0.5 * JSON.stringify(ports).length);
});

test('what a real host says of itself is a fifth of its length at most', () => {
  const traits = ['COMPUTE_DEVICE_TAGGING', 'COMPUTE_FIRMWARE_BIOS', 'COMPUTE_GRAPHICS_MODEL_VGA', 'COMPUTE_IMAGE_TYPE_QCOW2', 'COMPUTE_IMAGE_TYPE_RAW', 'COMPUTE_NET_ATTACH_INTERFACE', 'COMPUTE_NET_VIF_MODEL_VIRTIO', 'COMPUTE_STORAGE_BUS_VIRTIO', 'HW_ARCH_X86_64', 'HW_CPU_X86_AESNI', 'HW_CPU_X86_AVX2', 'HW_CPU_X86_SSE42', 'HW_CPU_X86_VMX'];
  assert.ok(compressed(traits, HOSTS).length < 0.2 * JSON.stringify(traits).length);
  assert.deepEqual(decompressed(compressed(traits, HOSTS)), traits);
});

test('what earlier versions wrote can be read: no dictionary was changed', () => {
  const digests = Object.entries(dictionaries).map(([number, text]) => [Number(number), createHash('sha256').update(text).digest('hex')]);
  assert.deepEqual(digests, [[1, 'eb944b07f3a7a21a9241dd79e816ae11d08c79d3c883c944be7c3d3d31aa27f7'], [2, '6a3e399586e869ee7d26a5026c3576d235827e5063df6a9bad9f23440944461b']]);
});

test('a record of a version that is not known yet is refused by name', () => {
  assert.throws(() => decompressed(Uint8Array.of(200, 1, 2)), /dictionary 200/);
});
