import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Flavor } from '../../../../shared/objects/flavor.ts';
import { blockDevices } from './block-devices.ts';
import type { Device, LegacyDevice } from './schema.ts';

const image = '11111111-2222-4333-8444-555555555555';
const volume = '22222222-2222-4333-8444-555555555555';
const flavor = (more: Partial<Flavor> = {}) => ({ flavorid: '1', name: 'm1.tiny', vcpus: 1, memory_mb: 512, root_gb: 5, ephemeral_gb: 0, swap: 0, ...more }) as Flavor;
const v2 = (...devices: Device[]) => ({ v2: devices });
const make = (devices: { v2: Device[] } | { legacy: LegacyDevice[] }, { imageRef = image, maxCount = 1, ...more }: { imageRef?: string; maxCount?: number } & Partial<Flavor> = {}) =>
  blockDevices({ devices, imageRef, maxCount }, flavor(more));
const refused = (message: RegExp, ...args: Parameters<typeof make>) => assert.throws(() => make(...args), (error: Error & { status?: number }) => error.status === 400 && message.test(error.message));
const brief = (devices: ReturnType<typeof make>) => devices.map(({ device_name, source_type, destination_type, boot_index, volume_size }) => [device_name, source_type, destination_type, boot_index, volume_size]);

describe('disks of a launch', () => {
  test('an image alone is the root disk, as large as the flavor says', () => {
    assert.deepEqual(brief(make(v2())), [['/dev/vda', 'image', 'local', 0, 5]]);
  });

  test("the flavor's ephemeral disk and swap come after it", () => {
    assert.deepEqual(brief(make(v2(), { ephemeral_gb: 3, swap: 512 })), [['/dev/vda', 'image', 'local', 0, 5], ['/dev/vdb', 'blank', 'local', -1, 3], ['/dev/vdc', 'blank', 'local', -1, 512]]);
  });

  test('what --image and --block-device-mapping of the clients send is understood', () => {
    const made = make(v2(
      { source_type: 'image', uuid: image, destination_type: 'local', boot_index: 0, delete_on_termination: true },
      { source_type: 'volume', uuid: volume, destination_type: 'volume', device_name: 'vdb', boot_index: -1 },
    ));
    assert.deepEqual(brief(made), [['/dev/vda', 'image', 'local', 0, 5], ['/dev/vdb', 'volume', 'volume', -1, undefined]]);
    assert.equal(made[1]!.delete_on_termination, false);
  });

  test('--boot-from-volume makes a volume of the image', () => {
    const [root, ...more] = make(v2({ source_type: 'image', uuid: image, destination_type: 'volume', boot_index: '0', volume_size: '7', delete_on_termination: 'true' }), { imageRef: '' });
    assert.deepEqual(more, []);
    assert.deepEqual([root!.image_id, root!.volume_size, root!.boot_index, root!.delete_on_termination], [image, 7, 0, true]);
  });

  test('--volume boots from a volume that is there', () => {
    assert.deepEqual(brief(make(v2({ source_type: 'volume', uuid: volume, destination_type: 'volume', boot_index: 0 }), { imageRef: '' })), [['/dev/vda', 'volume', 'volume', 0, undefined]]);
  });

  test('the older syntax adds the image as root, or boots from vda', () => {
    assert.deepEqual(brief(make({ legacy: [{ volume_id: volume, device_name: 'vdc' }] })), [['/dev/vda', 'image', 'local', 0, 5], ['/dev/vdc', 'volume', 'volume', -1, undefined]]);
    assert.deepEqual(brief(make({ legacy: [{ volume_id: volume, device_name: '/dev/vda' }] }, { imageRef: '' })), [['/dev/vda', 'volume', 'volume', 0, undefined]]);
    assert.deepEqual(brief(make({ legacy: [{ volume_id: volume, device_name: 'vdb' }] }, { imageRef: '' })), [['/dev/vdb', 'volume', 'volume', 0, undefined]]);
  });

  test('two disks that ask for one name get two', () => {
    const names = make(v2(
      { source_type: 'image', uuid: image, destination_type: 'local', boot_index: 0 },
      { source_type: 'volume', uuid: volume, destination_type: 'volume', device_name: 'vdb' },
      { source_type: 'blank', destination_type: 'volume', volume_size: 1, device_name: 'vdb' },
    )).map(({ device_name }) => device_name);
    assert.deepEqual(names, ['/dev/vda', '/dev/vdb', '/dev/vdc']);
  });

  test('what cannot boot, or makes no sense, is refused with its reason', () => {
    refused(/Missing imageRef/, v2(), { imageRef: '' });
    refused(/Boot sequence/, v2({ source_type: 'volume', uuid: volume, destination_type: 'volume' }), { imageRef: '' });
    refused(/Boot sequence/, v2({ source_type: 'image', uuid: image, destination_type: 'local', boot_index: 0 }, { source_type: 'volume', uuid: volume, destination_type: 'volume', boot_index: 2 }));
    refused(/Missing device UUID/, v2({ source_type: 'volume', destination_type: 'volume', boot_index: 0 }), { imageRef: '' });
    refused(/Invalid device UUID/, v2({ source_type: 'blank', uuid: volume, destination_type: 'local' }));
    refused(/required fields/, v2({ uuid: volume }));
    refused(/image to local/, v2({ source_type: 'image', uuid: image, destination_type: 'local', boot_index: 1 }));
    refused(/non-zero size specified/, v2({ source_type: 'image', uuid: image, destination_type: 'volume', boot_index: 0 }), { imageRef: '' });
    refused(/need to have non-zero size/, v2({ source_type: 'image', uuid: image, destination_type: 'local', boot_index: 0 }, { source_type: 'blank', destination_type: 'volume' }));
    refused(/Ephemeral disks/, v2({ source_type: 'image', uuid: image, destination_type: 'local', boot_index: 0 }, { source_type: 'blank', destination_type: 'local', volume_size: 9 }), { ephemeral_gb: 3 });
    refused(/Swap drive/, v2({ source_type: 'image', uuid: image, destination_type: 'local', boot_index: 0 }, { source_type: 'blank', destination_type: 'local', guest_format: 'swap', volume_size: 900 }), { swap: 512 });
    refused(/multiple instances/, v2({ source_type: 'volume', uuid: volume, destination_type: 'volume', boot_index: 0 }), { imageRef: '', maxCount: 2 });
    refused(/same device name as the root/, v2({ source_type: 'image', uuid: image, destination_type: 'local', boot_index: 0 }, { source_type: 'volume', uuid: volume, destination_type: 'volume', device_name: 'vda' }));
    refused(/disk bus/, v2({ source_type: 'image', uuid: image, destination_type: 'local', boot_index: 0, disk_bus: 'telepathy' }));
    refused(/volume type/, v2({ source_type: 'volume', uuid: volume, destination_type: 'volume', boot_index: 0, volume_type: 'x' }), { imageRef: '' });
    refused(/Unrecognized legacy/, { legacy: [{ device_name: 'vdb' }] });
  });
});
