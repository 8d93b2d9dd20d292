import assert from 'node:assert/strict';
import { closeSync, copyFileSync, openSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ActionFailed } from '../../agent/drivers/driver.ts';
import { beginning, disksRig, forever, GIB, guest, isRoot, job, MIB, QEMU, sh, skip, volumeImage } from './disks-rig.ts';

describe('images of a host with qemu-img', { skip }, () => {
  const rig = disksRig();
  after(() => rig.end());
  const disks = rig.open();

  for (const [disk_format, format, options] of [
    ['raw', 'raw'], ['qcow2', 'qcow2'], ['qcow2', 'qcow2', '-c'], ['qcow2', 'qcow2', '-o', 'compat=0.10'], ['vdi', 'vdi'], ['vhdx', 'vhdx'], ['vhd', 'vpc'], ['vhd', 'vpc', '-o', 'subformat=fixed'],
    ['vmdk', 'vmdk', '-o', 'subformat=monolithicSparse'], ['vmdk', 'vmdk', '-o', 'subformat=streamOptimized'],
  ].map(([disk_format, format, ...options]) => [disk_format!, format!, options] as const)) {
    test(`a guest boots an image in ${disk_format} (${format} ${options.join(' ')}), and writes to a disk of its own`, async () => {
      const file = rig.make(`good.${disk_format}.${options.join('')}`, format, { options: [...options] });
      const args = guest(rig.image(file, disk_format));
      const [disk] = await disks.prepare(args, forever);
      assert.deepEqual({ format: disk!.format, type: disk!.type, readonly: disk!.readonly, backing: disk!.backing?.format }, { format: 'qcow2', type: 'disk', readonly: false, backing: 'raw' });
      const info = JSON.parse(sh('qemu-img', 'info', '--output=json', '-f', 'qcow2', disk!.path));
      assert.equal(info['virtual-size'], GIB);
      assert.equal(info['backing-filename-format'], 'raw');
      assert.equal(beginning(disk!.path, 'qcow2'), 'hello');
      sh('qemu-io', '-f', 'qcow2', '-c', 'write -P 65 0 512', disk!.path);
      assert.equal(beginning(disk!.backing!.path, 'raw'), 'hello');
      assert.equal(beginning((await disks.prepare(args, forever))[0]!.path, 'qcow2'), 'AAAAA', 'what the guest wrote stays when its disks are asked for again');
      await disks.remove(args.instance_uuid);
    });
  }

  test('an ISO is a CD that cannot be written to, as large as it is', async () => {
    const file = join(rig.store, 'cd.iso');
    sh('genisoimage', '-quiet', '-o', file, join(rig.store, 'good.raw.'));
    const [disk] = await disks.prepare(guest(rig.image(file, 'iso')), forever);
    assert.deepEqual([disk!.type, disk!.readonly], ['cdrom', true]);
    assert.equal(JSON.parse(sh('qemu-img', 'info', '--output=json', '-f', 'qcow2', disk!.path))['virtual-size'], statSync(file).size);
  });

  const patch = (file: string, position: number, ...bytes: number[]) => {
    const handle = openSync(file, 'r+');
    writeSync(handle, Buffer.from(bytes), 0, bytes.length, position);
    closeSync(handle);
    return file;
  };
  const secret = join(rig.store, 'secret');
  writeFileSync(secret, 'x'.repeat(MIB));
  const named = (name: string) => join(rig.store, name);
  const hostile: { name: string; declared: string; says: RegExp; file: () => string }[] = [
    { name: 'whose backing file is one of the host', declared: 'qcow2', says: /backing file/, file: () => (sh('qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-b', '/etc/passwd', '-F', 'raw', named('b.qcow2'), '1M'), named('b.qcow2')) },
    { name: 'whose backing file is a device of the network', declared: 'qcow2', says: /backing file/, file: () => (sh('qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-b', 'nbd://127.0.0.1:1', '-F', 'raw', named('n.qcow2'), '1M'), named('n.qcow2')) },
    { name: 'whose data is in a file of the host', declared: 'qcow2', says: /data_file/, file: () => (sh('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', `data_file=${secret},data_file_raw=on`, named('d.qcow2'), '1M'), named('d.qcow2')) },
    { name: 'that names a data file but does not say so in its features', declared: 'qcow2', says: /data_file/, file: () => patch((copyFileSync(named('d.qcow2'), named('d2.qcow2')), named('d2.qcow2')), 79, 0) },
    { name: 'with features that nobody knows', declared: 'qcow2', says: /Unknown QCOW2 features/, file: () => patch(rig.make('f.qcow2', 'qcow2'), 78, 1) },
    { name: 'that is encrypted', declared: 'qcow2', says: /encrypted/, file: () => patch(rig.make('e.qcow2', 'qcow2'), 35, 2) },
    { name: 'that is qcow2 and says raw', declared: 'raw', says: /does not match disk_format: it is qcow2, not raw/, file: () => rig.make('q.raw', 'qcow2') },
    { name: 'that is raw and says qcow2', declared: 'qcow2', says: /does not match disk_format: it is of no known format, not qcow2/, file: () => rig.make('r.qcow2', 'raw') },
    { name: 'that is an ISO and qcow2 at once', declared: 'iso', says: /qcow2 and iso/, file: () => patch((copyFileSync(rig.make('both', 'qcow2'), named('both.iso')), named('both.iso')), 0x8001, ...Buffer.from('CD001')) },
    { name: 'that is a VMDK of a file of the host', declared: 'vmdk', says: /create-type/, file: () => (writeFileSync(named('flat.vmdk'), `# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 2048 FLAT "${secret}" 0\n`), named('flat.vmdk')) },
    { name: 'that is a VMDK of a file of the host and says raw', declared: 'raw', says: /it is vmdk, not raw/, file: () => named('flat.vmdk') },
    { name: 'that is a sparse VMDK whose descriptor names another file', declared: 'vmdk', says: /VMDK/, file: () => {
      const file = rig.make('s.vmdk', 'vmdk');
      const bytes = readFileSync(file);
      const at = bytes.indexOf('RW ');
      bytes.write(`RW 16384 FLAT "/etc/passwd" 0\n`, at);
      writeFileSync(file, bytes);
      return file;
    } },
    { name: 'that is a sparse VMDK of no capacity, so that its descriptor counts', declared: 'vmdk', says: /VMDK header/, file: () => patch(rig.make('c.vmdk', 'vmdk'), 12, 0, 0, 0, 0, 0, 0, 0, 0) },
    { name: 'in a format that nobody here reads', declared: 'ploop', says: /not in a supported format/, file: () => rig.make('p', 'raw') },
    { name: 'that was cut off', declared: 'qcow2', says: /damaged or cut off/, file: () => {
      const file = rig.make('t.qcow2', 'qcow2', { content: 'hello'.repeat(MIB) });
      truncateSync(file, statSync(file).size / 2);
      return file;
    } },
    { name: 'whose header is nonsense', declared: 'qcow2', says: /cannot be read as qcow2/, file: () => patch(rig.make('h.qcow2', 'qcow2'), 40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) },
  ];
  for (const { name, declared, says, file } of hostile) {
    test(`an image ${name} boots nothing, and the fault says why without naming the host's files`, async () => {
      const args = guest(rig.image(file(), declared));
      await assert.rejects(disks.prepare(args, forever), (error) => error instanceof ActionFailed && says.test(error.message) && !error.message.includes(rig.root));
      await disks.remove(args.instance_uuid);
      assert.deepEqual(rig.left().filter((path) => path.startsWith('drafts')), []);
    });
  }

  test('an image larger than the flavor\'s root disk is refused, in Nova\'s words; a flavor of no root disk takes its size', async () => {
    const source = rig.image(rig.make('big.qcow2', 'qcow2', { mb: 1536 }), 'qcow2', 1);
    const refused = guest(source);
    await assert.rejects(disks.prepare(refused, forever), { message: `Flavor's disk is too small for requested image. Flavor disk is ${GIB} bytes, image is ${1536 * MIB} bytes.` });
    assert.equal(rig.cached().some((path) => path.includes(source.image_id)), false, 'nothing was unpacked for it');
    const [disk] = await disks.prepare(guest({ ...source, size_gb: 0 }), forever);
    assert.equal(JSON.parse(sh('qemu-img', 'info', '--output=json', '-f', 'qcow2', disk!.path))['virtual-size'], 1536 * MIB);
    await assert.rejects(disks.prepare(guest(source), forever), /too small/, 'also when it is here already');
    await assert.rejects(disks.createVolume({ volume_id: refused.instance_uuid, size_gb: 1, image: volumeImage(source) }, job), { message: "Image virtual size is 2GB and doesn't fit in a volume of size 1GB." });
  });

  test('launches of small and large flavors that come together each get their own answer', async () => {
    const source = rig.image(rig.make('mixed.qcow2', 'qcow2', { mb: 1536 }), 'qcow2', 1);
    const results = await Promise.allSettled([1, 2, 1, 3].map((size_gb) => disks.prepare(guest({ ...source, size_gb }), forever)));
    assert.deepEqual(results.map(({ status }) => status), ['rejected', 'fulfilled', 'rejected', 'fulfilled']);
  });

  test('twenty launches of an image that come together fetch and keep it once', async () => {
    const source = rig.image(rig.make('together.qcow2', 'qcow2'), 'qcow2');
    const guests = Array.from({ length: 20 }, () => guest(source));
    const ready = await Promise.all(guests.map((args) => disks.prepare(args, forever)));
    assert.equal(rig.fetched.get(source.image_id), 1);
    assert.equal(new Set(ready.map(([disk]) => disk!.path)).size, 20);
    assert.equal(new Set(ready.map(([disk]) => statSync(disk!.backing!.path).ino)).size, 1);
  });

  test('a launch that is given up leaves the image to those that wait with it', async () => {
    const source = rig.image(rig.make('given-up.qcow2', 'qcow2'), 'qcow2');
    const abort = new AbortController();
    const first = disks.prepare(guest(source), abort.signal);
    const second = disks.prepare(guest(source), forever);
    setImmediate(() => abort.abort(new ActionFailed('The instance is being destroyed.')));
    await assert.rejects(first, /destroyed/);
    await second;
    assert.equal(rig.fetched.get(source.image_id), 1);
  });

  test('the same image id with other data is another image', async () => {
    const [one, two] = [rig.image(rig.make('one', 'raw', { content: 'first' }), 'raw'), rig.image(rig.make('two', 'raw', { content: 'later' }), 'raw')];
    await disks.prepare(guest(one), forever);
    const [disk] = await disks.prepare(guest({ ...two, image_id: one.image_id }), forever);
    assert.equal(beginning(disk!.path, 'qcow2'), 'later');
  });

  test('the agent and QEMU read an image and nobody writes it; no other user reaches anything', { skip: !isRoot && 'only root can be two users' }, async () => {
    const [disk] = await disks.prepare(guest(rig.image(rig.make('access', 'raw'), 'raw')), forever);
    const as = (user: number, group: number, ...command: string[]) => sh('setpriv', `--reuid=${user}`, `--regid=${group}`, '--clear-groups', '--', ...command);
    assert.equal(as(QEMU!.uid, QEMU!.gid, 'head', '-c5', disk!.backing!.path), 'hello');
    as(QEMU!.uid, QEMU!.gid, 'test', '-w', disk!.path);
    assert.throws(() => as(QEMU!.uid, QEMU!.gid, 'test', '-w', disk!.backing!.path));
    assert.throws(() => as(QEMU!.uid, QEMU!.gid, 'ls', rig.root));
    for (const file of [disk!.path, disk!.backing!.path]) assert.throws(() => as(12345, 12345, 'test', '-r', file));
  });

  test('an agent whose disks QEMU cannot reach says which folder is in the way', { skip: !isRoot && 'only root can be two users' }, async () => {
    const closed = disksRig();
    after(() => closed.end());
    sh('chmod', '700', closed.folder);
    await assert.rejects(closed.open().prepare(guest(), forever), new RegExp(`can't reach the disks .*${closed.folder}`));
  });
});

test('an image that nobody has used for a day goes, also after a restart of the agent; one in use stays', { skip }, async () => {
  const { openStorage } = await import('../../agent/drivers/libvirt/disks/storage.ts');
  const { imageCache } = await import('../../agent/drivers/libvirt/disks/images.ts');
  const rig = disksRig();
  after(() => rig.end());
  const disks = rig.open();
  const [used, unused] = [rig.image(rig.make('used', 'raw'), 'raw'), rig.image(rig.make('unused', 'qcow2'), 'qcow2')];
  const [stays, goes] = [guest(used), guest(unused)];
  await disks.prepare(stays, forever);
  await disks.prepare(goes, forever);
  await disks.remove(goes.instance_uuid);
  disks.close();
  const cache = imageCache(openStorage(rig.root, async () => QEMU), rig.images);
  after(() => cache.close());
  utimesSync(join(rig.root, rig.cached()[0]!), 0, 0); // a file's own times say nothing
  await cache.sweep(3600_000);
  assert.equal(rig.cached().length, 2);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await cache.sweep(1);
  assert.deepEqual(rig.cached().map((path) => path.includes(used.image_id)), [true]);
  await rig.open().prepare(goes, forever);
  assert.equal(rig.fetched.get(unused.image_id), 2);
});
