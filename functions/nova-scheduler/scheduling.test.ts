import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { computeNodeKey, hostsChanged, type ComputeNode } from '../../shared/objects/compute_node.ts';
import { capacityOf, freeOf, hasRoom, resourceClasses, usedAttribute } from '../../shared/objects/resources.ts';
import type { Instance } from '../../shared/objects/instance.ts';
import { configuration } from './configuration.ts';
import { filterHosts } from './filter-hosts.ts';
import { filters } from './filters/index.ts';
import { matches } from './filters/extra-specs.ts';
import { requestSpec, type RequestSpec } from './request.ts';
import { normalized, oneOfTheBest, weighHosts } from './weigh-hosts.ts';

const host = (name: string, more: Partial<ComputeNode> = {}): ComputeNode => ({
  ...computeNodeKey(name), host: name, uuid: name, legacy_id: 1, managed_instance_id: 'mi-1', public_key: '', availability_zone: 'nova',
  vcpus: 8, memory_mb: 16384, local_gb: 100, vcpus_used: 0, memory_mb_used: 0, local_gb_used: 0, running_vms: 0, disabled: false, disabled_reason: null, forced_down: false,
  last_seen_up: new Date().toISOString(), created_at: '', updated_at: '', hypervisor_type: 'QEMU', hypervisor_version: 8002000, host_ip: '', cpu_info: { model: 'Skylake', features: ['vmx', 'avx'] },
  architecture: 'x86_64', supported_instances: [['x86_64', 'kvm', 'hvm'], ['i686', 'qemu', 'hvm']], console_url: '', agent_version: '', driver: '', traits: ['HW_CPU_X86_AVX2'],
  ...hostsChanged(name), ...more,
});
const request = (more: Partial<Instance> = {}, flavor: Partial<Instance['flavor']> = {}): RequestSpec => requestSpec({
  image_ref: 'image', availability_zone: null, image_properties: {}, scheduler_hints: {},
  flavor: { flavorid: '1', name: 'f', vcpus: 1, memory_mb: 512, root_gb: 1, ephemeral_gb: 0, swap: 0, rxtx_factor: 1, extra_specs: {}, ...flavor }, ...more,
} as unknown as Instance);
const passes = (name: keyof typeof filters, on: ComputeNode, asked: RequestSpec) => !filters[name].concerns?.(asked) || filters[name].passes(on, asked);

/** Concerns of a filter are optional in its shape. */
type Any = { concerns?: (request: RequestSpec) => boolean; passes: (host: ComputeNode, request: RequestSpec) => boolean };
const all = filters as Record<keyof typeof filters, Any>;

const anyHost = fc.record({
  vcpus: fc.nat(64), memory_mb: fc.nat(65536), local_gb: fc.nat(1000), vcpus_used: fc.nat(1024), memory_mb_used: fc.nat(100_000), local_gb_used: fc.nat(1000),
  running_vms: fc.nat(50), disabled: fc.boolean(), failed_builds: fc.nat(3), hypervisor_version: fc.nat(9_000_000),
}).map((more) => more);
const anyFleet = fc.array(anyHost, { maxLength: 30 }).map((hosts) => hosts.map((more, i) => host(`h${i}`, more)));

test('no instance goes to a host that is down, disabled, or has no room for it', () => {
  fc.assert(fc.property(anyFleet, fc.nat(70), fc.nat(70_000), fc.nat(1100), (fleet, vcpus, memory_mb, root_gb) => {
    const asked = request({}, { vcpus, memory_mb, root_gb });
    const { hosts, verdicts } = filterHosts(fleet, asked, configuration.enabled_filters);
    for (const each of hosts) {
      assert.equal(each.disabled, false);
      for (const which of resourceClasses) {
        assert.ok(asked.resources[which] === 0 || each[usedAttribute[which]] + asked.resources[which] <= capacityOf(each, which));
        assert.ok(asked.resources[which] <= Math.max(each[which], 0) || asked.resources[which] === 0);
      }
    }
    for (const refused of fleet.filter((each) => !hosts.includes(each))) {
      const why = configuration.enabled_filters.some((name) => (all[name].concerns?.(asked) ?? true) && !all[name].passes(refused, asked));
      assert.ok(why, 'a host is only refused for a reason');
    }
    // the verdicts tell the whole story: each filter begins with what the one before it left
    verdicts.forEach(({ before, after, refused }, i) => {
      assert.equal(before, i === 0 ? fleet.length : verdicts[i - 1]!.after);
      assert.equal(refused.length, before - after);
    });
  }));
});

test('a launch on a network that a host keeps to itself goes to that host, and its owner is told why no other would do', () => {
  const fleet = [host('a', { vcpus_used: 128 }), host('b')];
  const asked = request({ network_hosts: [{ network: 'private', host: 'a' }] });
  assert.deepEqual(filterHosts([host('a'), host('b')], asked, configuration.enabled_filters).hosts.map((each) => each.host), ['a']);
  const { hosts, verdicts } = filterHosts(fleet, asked, configuration.enabled_filters);
  assert.deepEqual(hosts, []);
  assert.deepEqual(verdicts.flatMap(({ why }) => why ?? []), ['Network private is on host a and does not reach other hosts yet.']);
  assert.deepEqual(verdicts.find(({ filter }) => filter === 'NetworkHostFilter')?.refused, ['b']);
});

test('an image goes to hosts of its architecture and hypervisor; the verdict names those that it cannot go to', () => {
  const arm = { supported_instances: [['aarch64', 'kvm', 'hvm']] as ComputeNode['supported_instances'], hypervisor_version: 7002000 };
  const fleet = [host('x86'), host('arm', arm)];
  const refused = (image_properties: Record<string, unknown>) => filterHosts(fleet, request({ image_properties }), configuration.enabled_filters).verdicts.find(({ filter }) => filter === 'ImagePropertiesFilter')?.refused;
  assert.deepEqual(refused({ hw_architecture: 'aarch64' }), ['x86']);
  assert.deepEqual(refused({ architecture: 'amd64' }), ['arm']);
  assert.deepEqual(refused({ hw_architecture: 's390x' }), ['x86', 'arm']);
  assert.deepEqual(refused({ img_hv_type: 'qemu' }), []);
  assert.deepEqual(refused({ img_hv_type: 'hyperv' }), ['x86', 'arm']);
  assert.deepEqual(refused({ hypervisor_version_requires: '>=8.0' }), ['arm']);
  assert.equal(refused({}), undefined, 'an image that says nothing is not looked at');
});

test('of equal hosts the one that has launches under way is behind; long past ones do not count', () => {
  const at = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1000).toISOString();
  const fleet = [host('busy', { launches: [at(1), at(2), at(3)] }), host('quiet', { launches: [at(100), at(200)] }), host('one', { launches: [at(5)] })];
  assert.deepEqual(weighHosts(fleet, request(), configuration.weight_multipliers).map((each) => each.host), ['quiet', 'one', 'busy']);
});

test('hosts are spread over: the one with more room is never behind its equal with less', () => {
  const fleet = [host('a', { memory_mb_used: 8000, vcpus_used: 8, local_gb_used: 50 }), host('b'), host('c', { memory_mb_used: 4000, vcpus_used: 4, local_gb_used: 20 })];
  assert.deepEqual(weighHosts(fleet, request(), configuration.weight_multipliers).map((each) => each.host), ['b', 'c', 'a']);
});

test('a host whose builds fail comes last, however empty it is', () => {
  const fleet = [host('empty', { failed_builds: 1 }), host('full', { memory_mb_used: 15000, vcpus_used: 100, local_gb_used: 90 })];
  assert.deepEqual(weighHosts(fleet, request(), configuration.weight_multipliers).map((each) => each.host), ['full', 'empty']);
});

test('weighing keeps every host exactly once, and scales between 0 and 1', () => {
  fc.assert(fc.property(anyFleet, (fleet) => {
    const weighed = weighHosts(fleet, request(), configuration.weight_multipliers);
    assert.deepEqual(weighed.map((each) => each.host).sort(), fleet.map((each) => each.host).sort());
  }));
  fc.assert(fc.property(fc.array(fc.integer()), (weights) => {
    const scaled = normalized(weights);
    assert.ok(scaled.every((weight) => weight >= 0 && weight <= 1));
    weights.forEach((a, i) => weights.forEach((b, j) => assert.ok(a <= b === scaled[i]! <= scaled[j]! || scaled[i] === scaled[j])));
  }));
});

test('the chosen one is among the best, and the others stay as alternates', () => {
  fc.assert(fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 20 }), fc.integer({ min: 0, max: 8 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (names, size, random) => {
    const hosts = names.map((name, i) => host(`${i}${name}`));
    const order = oneOfTheBest(hosts, size, () => random);
    assert.equal(order.length, hosts.length);
    assert.equal(new Set(order).size, hosts.length);
    assert.ok(hosts.indexOf(order[0]!) < Math.max(1, size));
  }));
});

test('what is free and what has room agree', () => {
  fc.assert(fc.property(anyHost, fc.nat(2000), (more, needed) => {
    const each = host('h', more);
    for (const which of resourceClasses) if (hasRoom(each, which, needed) && needed > 0) assert.ok(needed <= freeOf(each, which));
  }));
});

test('a zone, a named host and the hints same_host and different_host are kept to', () => {
  assert.ok(passes('AvailabilityZoneFilter', host('a'), request({ availability_zone: 'nova' })));
  assert.ok(!passes('AvailabilityZoneFilter', host('a'), request({ availability_zone: 'other' })));
  assert.ok(passes('ForcedHostFilter', host('a'), request({ forced_host: 'a', forced_node: 'a' })));
  assert.ok(!passes('ForcedHostFilter', host('a'), request({ forced_host: 'b' })));
  assert.ok(passes('SameHostFilter', host('a'), { ...request(), sameHost: new Set(['a']) }));
  assert.ok(!passes('SameHostFilter', host('b'), { ...request(), sameHost: new Set(['a']) }));
  assert.ok(!passes('DifferentHostFilter', host('a'), { ...request(), differentHost: new Set(['a']) }));
});

test('an image goes only where it can run', () => {
  const can = (image_properties: Record<string, unknown>) => passes('ImagePropertiesFilter', host('a'), request({ image_properties }));
  assert.ok(can({}));
  assert.ok(can({ hw_architecture: 'amd64' }));
  assert.ok(!can({ hw_architecture: 'aarch64' }));
  assert.ok(can({ img_hv_type: 'qemu' }));
  assert.ok(!can({ img_hv_type: 'xen' }));
  assert.ok(!can({ hw_vm_mode: 'xen' }));
  assert.ok(can({ img_hv_requested_version: '>=8.0,<9' }));
  assert.ok(!can({ img_hv_requested_version: '<8' }));
  assert.ok(!can({ img_hv_requested_version: 'new' }));
});

test('a flavor\'s extra specs are asked of the host in their little language', () => {
  const can = (extra_specs: Record<string, string>) => passes('ComputeCapabilitiesFilter', host('a'), request({}, { extra_specs }));
  assert.ok(can({ 'capabilities:hypervisor_type': 'QEMU' }));
  assert.ok(can({ 'capabilities:cpu_info:model': 's== Skylake' }));
  assert.ok(can({ 'capabilities:cpu_info:features': '<in> avx' }));
  assert.ok(!can({ 'capabilities:cpu_info:features': '<all-in> avx sse9' }));
  assert.ok(!can({ 'capabilities:no_such': '1' }));
  assert.ok(can({ 'hw:cpu_policy': 'dedicated', 'quota:x': '1' }), 'other scopes are for others');
  assert.ok(can({ 'trait:HW_CPU_X86_AVX2': 'required' }));
  assert.ok(!can({ 'trait:HW_CPU_X86_AVX2': 'forbidden' }));
  assert.ok(!can({ 'trait:CUSTOM_GPU': 'required' }));
  const cases: [unknown, string, boolean][] = [
    [4, '>= 4', true], [4, '> 4', false], [4, '= 3', true], [4, '== 3', false], [4, '!= 3', true], [4, '<= 4', true], [4, '< 4', false],
    ['b', 's> a', true], ['b', 's<= a', false], ['b', 's!= b', false], ['b', '<or> a <or> b', true], ['c', '<or> a <or> b', false], [true, '<is> yes', true], ['x', 'x', true], ['x', 'y', false],
  ];
  for (const [value, asked, expected] of cases) assert.equal(matches(value, asked), expected, `${value} ${asked}`);
});
