/**
 * What nobody looks for inside of the database, kept small there: a write is paid for by the kilobyte, in a transaction twice. JSON as bytes: one
 * that tells the dictionary, then a raw DEFLATE stream (RFC 1951) that may refer to the dictionary's text as if it had come before. A launch's
 * instance is 1.8 KB of JSON and 0.3 KB of bytes (0.9 without a dictionary), in 40 µs.
 *
 * To read it takes 10 to 20 µs, and a stream of 16 KB that zlib makes for it: too much for what lists read by the hundred (packing.ts).
 */
import type { ZlibOptions } from 'node:zlib';

// what records of a launch have in common, the most frequent at its end
const samples = [
  '"locked_by":"owner","fault":{"code":500,"created":"20","message":"","details":"","tag":"","forced_host":"","network_hosts":[{"network":"","host":"',
  '{"display_description":null,"launch_index":0,"terminated_at":null,"availability_zone":null,"key_name":null,"key_data":null,"user_data":null,"config_drive":false,"access_ip_v4":null,"access_ip_v6":null,"locked":false,"locked_reason":null,',
  '"key_data":"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ","key_data":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI',
  '"attempt":1,"due_pk":"INSTANCE#1","due_at":"20","gsi1pk":"SERVERS#","gsi1sk":"20","gsi2pk":"HOST#","gsi2sk":"","host":"","host_availability_zone":"nova","host_local_networks":false,"interfaces":[],"launched_at":null,"node":"","pk":"PROJECT#","power_state":0,"sequence":2,"sk":"SERVER#","task_state":"networking","task_state":"spawning","updated_at":"20","vm_state":"building"}',
  '"flavor":{"flavorid":"1","name":"m1.small","vcpus":1,"memory_mb":512,"root_gb":1,"ephemeral_gb":0,"swap":0,"rxtx_factor":1,"extra_specs":{}},"image_ref":"","image_properties":{},"metadata":{},"tags":[],"security_groups":["default"],"requested_networks":[{"network_id":"","port_id":""}],"scheduler_hints":{},"disk_config":"MANUAL","create_request_id":"req-"',
  '{"uuid":"","project_id":"","user_id":"","display_name":"","hostname":"","reservation_id":"r-","created_at":"20',
  '-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEA=\\n-----END PUBLIC KEY-----\\n"',
  '{"request_id":"req-","global_request_id":"req-","user_id":"","user_name":"","user_domain_id":"default","project_id":"","project_name":"","project_domain_id":"default","roles":["admin","service","manager","member","reader"],"service_roles":[],"token":"","token_expires_at":"20:00.000000Z"}',
  ...['{"alg":"ES256","typ":"JWT","kid":"20', `{"openstack_methods":["password"],"openstack_audit_ids":["${'.'.repeat(22)}"],"openstack_user_domain_id":"default","openstack_project_id":"${'.'.repeat(32)}","openstack_project_domain_id":"default","login":[17`].map((part) => Buffer.from(part).toString('base64url')),
  '[{"volume_id":"","attachment_id":"","volume_type":"","destination_type":"volume","source_type":"volume","disk_bus":"virtio","tag":"","boot_index":null,"delete_on_termination":false,"device_name":"/dev/vdb"}]',
  '[{"source_type":"image","destination_type":"local","image_id":"","boot_index":0,"device_type":"disk","delete_on_termination":true,"volume_size":1,"device_name":"/dev/vda"}]',
  '[{"port_id":"","network_id":"","network_label":"","mac_address":"fa:16:3e:","fixed_ips":[{"subnet_id":"","ip_address":"10.192.168.","version":4}],"created_by_nova":true}]',
  ...['nova-scheduler', 'nova-conductor', 'glance-api', 'neutron-server', 'cinder-api', 'nova-compute'].map((actor) => `"[25,\\"${actor}\\",17,0,\\"cached\\",\\"req-\\",\\"req-\\"]","[12,\\"${actor}\\",17,0,\\"Success\\"]",`),
];

/** What hosts say of themselves: Nova's traits, Linux's words for what a processor can. */
const ofHosts = [
  '{"arch":"aarch64","arch":"x86_64","model":"EPYC-","vendor":"AMD","model":"","vendor":"Intel","features":["',
  ...['vme', 'ds', 'acpi', 'ss', 'ht', 'tm', 'pbe', 'dtes64', 'monitor', 'ds_cpl', 'vmx', 'smx', 'est', 'tm2', 'xtpr', 'pdcm', 'osxsave', 'tsc_adjust', 'clflushopt', 'clwb', 'intel-pt', 'pku', 'md-clear', 'stibp', 'arch-capabilities', 'ssbd', 'xsaves', 'xsavec', 'xgetbv1', 'pdpe1gb', 'rdtscp', 'invtsc', 'skip-l1dfl-vmentry', 'pschange-mc-no', 'topoext', 'ibrs', 'ibpb', 'amd-ssbd', 'virt-ssbd', 'hypervisor', 'svm', 'npt', 'nrip-save', 'umip', 'vaes', 'vpclmulqdq', 'fsrm'].map((flag) => `${flag}","`),
  '"],"topology":{"cells":1,"sockets":1,"cores":2,"threads":2},"accelerated":true}[["i686","qemu","hvm"],["i686","kvm","hvm"],["aarch64","kvm","hvm"],["x86_64","qemu","hvm"],["x86_64","kvm","hvm"]]',
  '["',
  ...['DEVICE_TAGGING', 'FIRMWARE_BIOS', 'FIRMWARE_UEFI', ...['BOCHS', 'CIRRUS', 'NONE', 'QXL', 'VGA', 'VIRTIO', 'VMVGA'].map((model) => `GRAPHICS_MODEL_${model}`), 'IMAGE_TYPE_ISO', 'IMAGE_TYPE_QCOW2', 'IMAGE_TYPE_RAW', 'NET_ATTACH_INTERFACE', 'NET_ATTACH_INTERFACE_WITH_TAG', ...['E1000', 'E1000E', 'RTL8139', 'VIRTIO'].map((model) => `NET_VIF_MODEL_${model}`), ...['IDE', 'SATA', 'SCSI', 'USB', 'VIRTIO'].map((bus) => `STORAGE_BUS_${bus}`), 'VOLUME_ATTACH_WITH_TAG'].map((trait) => `COMPUTE_${trait}","`),
  'HW_ARCH_X86_64","',
  ...['ABM', 'AESNI', 'AVX', 'AVX2', 'AVX512BW', 'AVX512CD', 'AVX512DQ', 'AVX512F', 'AVX512VL', 'AVX512VNNI', 'BMI', 'BMI2', 'CLMUL', 'F16C', 'FMA3', 'MMX', 'MPX', 'PCID', 'PDPE1GB', 'SHA', 'SSE', 'SSE2', 'SSE3', 'SSE41', 'SSE42', 'SSSE3', 'STIBP', 'SVM', 'TSX', 'VMX'].map((flag) => `HW_CPU_X86_${flag}","`),
];

/** Never to be changed, for what is in tables was written by them; a better one gets the next number. */
export const dictionaries: Record<number, Buffer> = { 1: Buffer.from(samples.join('')), 2: Buffer.from(ofHosts.join('')) };
/** What is compressed: the dictionary that it has most in common with. */
export const LAUNCHES = 1;
export const HOSTS = 2;

/** 5 ms of a cold start, also of functions that never need it. */
let loaded: typeof import('node:zlib') | undefined;
const zlib = () => (loaded ??= process.getBuiltinModule('node:zlib'));

function options(version: number): ZlibOptions {
  const dictionary = dictionaries[version];
  if (!dictionary) throw new Error(`a record was compressed with dictionary ${version}, which this version does not know`);
  return { dictionary, windowBits: 13, memLevel: 5, chunkSize: 4096, level: 9 }; // the least memory for a few kilobytes; the window holds the dictionary
}

/** Any JSON value, small. */
export const compressed = (value: unknown, dictionary = LAUNCHES): Uint8Array => Buffer.concat([Buffer.of(dictionary), zlib().deflateRawSync(JSON.stringify(value), options(dictionary))]);

/** The value again. */
export const decompressed = (bytes: Uint8Array): unknown => JSON.parse(zlib().inflateRawSync(bytes.subarray(1), options(bytes[0]!)).toString());
