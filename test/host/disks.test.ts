import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, globSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ActionFailed } from '../../agent/drivers/driver.ts';
import { beginning, disksRig, forever, GIB, guest, isRoot, job, MIB, sh, skip, volumeImage } from './disks-rig.ts';
import { everything, type Everything } from './disks-everything.ts';

const size = (file: string) => statSync(file).size;

describe('disks of a host with qemu-img', { skip }, () => {
  const rig = disksRig();
  after(() => rig.end());
  const disks = rig.open();
  const image = () => rig.image(rig.make(`${randomUUID()}.qcow2`, 'qcow2'), 'qcow2');
  const volume = async (more: object = {}) => {
    const volume_id = randomUUID();
    await disks.createVolume({ volume_id, size_gb: 1, ...more }, job);
    return volume_id;
  };

  test('a guest has the disks that its flavor and its request say, with the names, sizes and file systems of Nova', async () => {
    const volume_id = await volume();
    const args = guest(image(), { type: 'blank', size_gb: 1 }, { type: 'blank', size_gb: 1, size_mb: 64, guest_format: 'swap' }, { type: 'volume', volume_id }, { type: 'blank', size_gb: 2, guest_format: 'ext3' });
    args.disks[0]!.bus = 'scsi';
    args.disks[3]!.tag = 'data';
    const ready = await disks.prepare(args, forever);
    assert.deepEqual(ready.map(({ device, boot_index, bus, format, serial, tag, type }) => ({ device, boot_index, bus, format, serial, tag, type })), [
      { device: '/dev/vda', boot_index: 0, bus: 'scsi', format: 'qcow2', serial: undefined, tag: undefined, type: 'disk' },
      { device: '/dev/vdb', boot_index: null, bus: undefined, format: 'raw', serial: undefined, tag: undefined, type: 'disk' },
      { device: '/dev/vdc', boot_index: null, bus: undefined, format: 'raw', serial: undefined, tag: undefined, type: 'disk' },
      { device: '/dev/vdd', boot_index: null, bus: undefined, format: 'raw', serial: volume_id, tag: 'data', type: 'disk' },
      { device: '/dev/vde', boot_index: null, bus: undefined, format: 'raw', serial: undefined, tag: undefined, type: 'disk' },
    ]);
    assert.deepEqual(ready.slice(1).map(({ path }) => size(path)), [GIB, 64 * MIB, GIB, 2 * GIB]);
    const system = (path: string) => sh('blkid', '-p', '-o', 'export', path);
    assert.match(system(ready[1]!.path), /LABEL=ephemeral0\n[^]*TYPE=ext4/);
    assert.match(system(ready[2]!.path), /TYPE=swap/);
    assert.match(system(ready[4]!.path), /LABEL=ephemeral1\n[^]*TYPE=ext3/);
    const later = await disks.prepare({ ...args, disks: args.disks.filter(({ source }) => source.type !== 'volume').reverse() }, forever);
    assert.deepEqual(later.map(({ path }) => path).sort(), [0, 1, 2, 4].map((i) => ready[i]!.path).sort(), 'a disk stays the same one while others go');
    await disks.remove(args.instance_uuid);
    assert.deepEqual(rig.left().map((path) => path.split('/')[0]), ['volumes'], 'its volumes stay, nothing else does');
    await disks.remove(args.instance_uuid);
    await disks.deleteVolume(volume_id);
    assert.deepEqual(rig.left(), []);
  });

  test('a file system that no guest could mean never becomes an argument of a program', async () => {
    const hostile = guest({ type: 'blank', size_gb: 1 });
    hostile.disks[0]!.device = '/dev/../../../etc/$(id)';
    const [disk] = await disks.prepare(hostile, forever);
    assert.match(disk!.path, new RegExp(`^${rig.root}/guests/${hostile.instance_uuid}/[0-9a-f]{16}\\.raw$`));
    await disks.remove(hostile.instance_uuid);
    for (const guest_format of ['ext4 -F /etc', '../../x', '-n', '$(id)']) {
      const args = guest({ type: 'blank', size_gb: 1, guest_format });
      await assert.rejects(disks.prepare(args, forever), /cannot be formatted/);
      await disks.remove(args.instance_uuid);
    }
    assert.deepEqual(rig.left(), []);
  });

  test('volumes are made of nothing, of an image and of a volume, in their whole size; what is there already is there', async () => {
    const source = image();
    const blank = await volume({ size_gb: 3 });
    assert.equal(size(disks.volume(blank)!.path), 3 * GIB);
    const bootable = await volume({ size_gb: 2, image: volumeImage(source) });
    assert.deepEqual([beginning(disks.volume(bootable)!.path, 'raw'), size(disks.volume(bootable)!.path)], ['hello', 2 * GIB]);
    const copy = await volume({ size_gb: 4, source_volume_id: bootable });
    assert.deepEqual([beginning(disks.volume(copy)!.path, 'raw'), size(disks.volume(copy)!.path)], ['hello', 4 * GIB]);
    await disks.createVolume({ volume_id: copy, size_gb: 4, source_volume_id: bootable }, job);
    await assert.rejects(disks.createVolume({ volume_id: copy, size_gb: 5 }, job), /there already, with 4 GB/);
    await assert.rejects(volume({ source_volume_id: copy }), /larger than 1 GB/);
    await assert.rejects(volume({ source_volume_id: randomUUID() }), /not on this host/);
    const { total_gb, free_gb } = disks.space();
    assert.ok(free_gb > 0 && free_gb < total_gb);
    for (const id of [blank, bootable, copy]) await disks.deleteVolume(id);
    assert.ok(disks.space().free_gb > free_gb + 8, 'what was promised to volumes is free again');
    assert.equal(disks.volume(copy), undefined);
    await disks.deleteVolume(copy);
    assert.throws(() => disks.volumeDisk({ device: '/dev/vdb', boot_index: null, source: { type: 'volume', volume_id: copy } }), /not on this host/);
    assert.deepEqual(rig.left(), []);
  });

  test('volumes that are made together do not all get the room that one of them has', async () => {
    const size_gb = Math.floor(disks.space().free_gb * 0.6);
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    const results = await Promise.allSettled(ids.map((volume_id) => disks.createVolume({ volume_id, size_gb }, job)));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.ok(disks.space().free_gb < size_gb);
    for (const id of ids) await disks.deleteVolume(id);
    assert.deepEqual(rig.left(), []);
  });

  test('a volume that a running guest writes to is not copied: the copy would be of no moment', async () => {
    const source = await volume();
    const { path } = disks.volume(source)!;
    const writer = execFile('qemu-io', ['-f', 'raw', '-c', 'sleep 20000', path]);
    try {
      for (let waited = 0; !sh('cat', '/proc/locks').includes(`:${statSync(path).ino} `) && waited < 100; waited++) await sleep(50);
      await assert.rejects(volume({ source_volume_id: source }), /in use by a running server/);
    } finally {
      writer.kill();
    }
    await disks.deleteVolume(source);
    assert.deepEqual(rig.left(), []);
  });

  test('a config drive has OpenStack\'s files under their long names and no trace on the host but the ISO', async () => {
    const args = guest();
    const files = new Map([['openstack/latest/meta_data.json', Buffer.from('{"name": "$(id)"}')], ['openstack/content/0000', Buffer.alloc(70_000, 7)], ['../../../escape', Buffer.from('x')]]);
    const file = await disks.configDrive(args, files);
    for (const names of ['-R', '-J']) {
      assert.equal(sh('isoinfo', names, '-i', file, '-x', '/openstack/latest/meta_data.json'), '{"name": "$(id)"}');
      assert.match(sh('isoinfo', names, '-i', file, '-f'), /^\/escape$/m);
    }
    assert.match(sh('isoinfo', '-d', '-i', file), /^Volume id: config-2$/m);
    assert.deepEqual(rig.left(), [`guests/${args.instance_uuid}`, `guests/${args.instance_uuid}/config.iso`]);
    assert.equal(await disks.configDrive(args, new Map([['a', Buffer.from('b')]])), file);
    assert.match(sh('isoinfo', '-R', '-i', file, '-f'), /^\/a\n$/);
    await disks.remove(args.instance_uuid);
  });

  test('a host without the programs says which package brings them', async () => {
    const path = process.env['PATH'];
    const bin = join(rig.folder, 'bin');
    mkdirSync(bin);
    for (const program of ['setpriv', 'prlimit']) sh('ln', '-s', sh('which', program).trim(), join(bin, program));
    const args = guest(image());
    process.env['PATH'] = bin;
    try {
      await assert.rejects(disks.prepare(args, forever), { message: 'The host has no qemu-img: an operator installs it with apt-get install qemu-utils.' });
      await assert.rejects(disks.configDrive(args, new Map()), /apt-get install genisoimage/);
    } finally {
      process.env['PATH'] = path;
    }
    await disks.remove(args.instance_uuid);
    assert.deepEqual(rig.left(), []);
  });
});

test('an agent that is killed at any moment leaves no half disk, and the next one goes on', { skip, timeout: 480_000 }, async (t) => {
  const rig = disksRig();
  after(() => rig.end());
  const source = rig.image(rig.make('crash.qcow2', 'qcow2'), 'qcow2');
  const volumes = [randomUUID(), randomUUID(), randomUUID()] as Everything['volumes'];
  const all: Everything = { guest: guest(source, { type: 'blank', size_gb: 1 }, { type: 'blank', size_gb: 1, guest_format: 'swap' }, { type: 'volume', volume_id: volumes[0] }), image: source, volumes };
  const argsFile = join(rig.folder, 'args.json');
  writeFileSync(argsFile, JSON.stringify(all));
  const runUntil = (step: number) => new Promise<string>((resolve) => {
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'disks-crash.ts'), rig.root, String(step), argsFile], { env: { ...process.env, NODE_COMPILE_CACHE: join(rig.folder, 'compiled') } }, (error, stdout, stderr) => {
      assert.ok(!error || error.signal === 'SIGKILL', stderr);
      resolve(stdout);
    });
  });

  /** Under its final name, everything is whole. */
  const whole: Record<string, (file: string) => void> = {
    '.image': (file) => assert.equal(beginning(file, 'raw'), 'hello'),
    '.qcow2': (file) => assert.deepEqual([beginning(file, 'qcow2'), sh('qemu-img', 'check', '-q', '-f', 'qcow2', file)], ['hello', '']),
    '.raw': (file) => assert.match(sh('blkid', '-p', '-o', 'value', '-s', 'TYPE', file), /ext4|swap/),
    '.iso': (file) => assert.equal(sh('isoinfo', '-R', '-i', file, '-x', '/openstack/latest/meta_data.json'), '{}'),
  };
  const check = (): void => {
    const found = globSync('guests/*/*', { cwd: rig.root });
    for (const path of found) whole[/\.\w+$/.exec(path)![0]]!(join(rig.root, path));
    for (const path of rig.cached()) assert.deepEqual([beginning(join(rig.root, path), 'raw'), size(join(rig.root, path))], ['hello', 8 * MIB]);
    for (const [i, content] of ['\0\0\0\0\0', 'hello', 'hello'].entries()) {
      const file = join(rig.root, 'volumes', `${volumes[i]}.raw`);
      if (existsSync(file)) assert.deepEqual([beginning(file, 'raw'), size(file)], [content, i === 2 ? 2 * GIB : GIB]);
    }
    assert.deepEqual(globSync('volumes/*', { cwd: rig.root }).filter((path) => !volumes.some((id) => path === `volumes/${id}.raw`)), []);
  };

  let step = 1;
  for (; ; step++) {
    const told = await runUntil(step);
    check();
    const ended = /^steps (\d+)$/m.exec(told);
    if (step % 5 === 0 || ended) {
      await everything(rig.root, all, () => {});
      check();
      assert.equal(globSync('guests/*/*', { cwd: rig.root }).length, 5);
      assert.deepEqual(globSync('drafts/*', { cwd: rig.root }), []);
    }
    const disks = rig.open();
    await disks.remove(all.guest.instance_uuid);
    for (const id of volumes) await disks.deleteVolume(id);
    disks.close();
    assert.deepEqual(rig.left(), []);
    if (step % 2 === 0) sh('rm', '-rf', rig.root); // every other time the image is there already
    if (ended) break;
  }
  assert.ok(step > 40, `only ${step} steps`);
  t.diagnostic(`killed at each of ${step - 1} steps`);
});

test('a full disk fails the launch or the volume and says what there was no room for; nothing half stays, and unused images give way', { skip: skip || (!isRoot && 'only root mounts a small disk') }, async () => {
  const rig = disksRig();
  const store = rig.root;
  mkdirSync(store);
  sh('mount', '-t', 'tmpfs', '-o', 'size=24m,mode=711', 'tmpfs', store);
  try {
    const disks = rig.open();
    const filled = (name: string, format: string, mb: number) => {
      const raw = join(rig.store, `${name}.random`);
      sh('dd', 'if=/dev/urandom', `of=${raw}`, 'bs=1M', `count=${mb}`, 'status=none');
      sh('qemu-img', 'convert', '-f', 'raw', '-O', format, raw, join(rig.store, name));
      return rig.image(join(rig.store, name), format);
    };
    const refused = async (work: Promise<unknown>, says: RegExp) => assert.rejects(work, (error) => error instanceof ActionFailed && error.retryable && says.test(error.message));
    const large = guest(filled('large', 'raw', 30));
    await refused(disks.prepare(large, forever), /disk is full: there is no room for image/);
    const unpacked = guest(filled('unpacked', 'qcow2', 15)); // once as it came, and once in raw form
    await refused(disks.prepare(unpacked, forever), /disk is full: there is no room for image .* in raw form/);
    await refused(disks.createVolume({ volume_id: randomUUID(), size_gb: 1 }, job), /disk is full: there is no room for volume .* \(1 GB\)/);
    for (const { instance_uuid } of [large, unpacked]) await disks.remove(instance_uuid);
    assert.deepEqual([...rig.left(), ...rig.cached()], []);

    const first = guest(filled('first', 'raw', 14));
    await disks.prepare(first, forever);
    const second = guest(filled('second', 'raw', 14));
    await refused(disks.prepare(second, forever), /disk is full/);
    await disks.remove(first.instance_uuid);
    await disks.prepare(second, forever);
    assert.equal(rig.cached().length, 1, 'the unused image gave way');
    const drive = disks.configDrive(second, new Map([['content', Buffer.alloc(12 * MIB, 1)]]));
    await refused(drive, /disk is full: there is no room for a config drive/);
    assert.deepEqual(globSync('drafts/*', { cwd: store }), []);
  } finally {
    sh('umount', '-l', store);
    rig.end();
  }
});
