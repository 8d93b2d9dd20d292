import { copyFile } from 'node:fs/promises';
import type { Args } from '../../agent/drivers/driver.ts';
import { openDisks } from '../../agent/drivers/libvirt/disks/disks.ts';
import { forever, job, QEMU, volumeImage, type TestImage } from './disks-rig.ts';

export interface Everything { guest: Args<'spawn'>; image: TestImage; volumes: [blank: string, image: string, copy: string] }

/** Each part of what a host's disks can do, once; every part may have been done before. */
export async function everything(folder: string, { guest, image, volumes: [blank, ofImage, copy] }: Everything, done: (part: string) => void): Promise<void> {
  const disks = openDisks({
    folder, qemu: async () => QEMU,
    images: { async verify() {}, fetch: ({ location }, file) => copyFile(location.slice('s3://'.length), file) },
  });
  await disks.createVolume({ volume_id: blank, size_gb: 1 }, job);
  done('blank volume');
  await disks.prepare(guest, forever);
  done('guest');
  await disks.configDrive(guest, new Map([['openstack/latest/meta_data.json', Buffer.from('{}')]]));
  done('config drive');
  await disks.createVolume({ volume_id: ofImage, size_gb: 1, image: volumeImage(image) }, job);
  done('volume of an image');
  await disks.createVolume({ volume_id: copy, size_gb: 2, source_volume_id: ofImage }, job);
  done('volume of a volume');
  disks.close();
}
