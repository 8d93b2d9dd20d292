import { randomBytes } from 'node:crypto';
import { badRequest, forbidden } from '../../../../shared/http/errors.ts';
import type { Request } from '../../../../shared/http/route.ts';
import { isTrue } from '../../common/types.ts';
import { type Device, type LegacyDevice, type CreateBody, type CreateServer } from './schema.ts';

/** What a launch asks for, in one form whatever the version and the words it was asked in. */
export interface LaunchRequest {
  name: string;
  description: string | null;
  hostname: string | undefined;
  flavorRef: string;
  imageRef: string;
  adminPass: string;
  metadata: Record<string, string>;
  tags: string[];
  /** Undefined: not said, so the one network there is. */
  networks: CreateServer['networks'];
  securityGroups: string[];
  devices: { legacy: LegacyDevice[] } | { v2: Device[] };
  keyName: string | undefined;
  userData: string | null;
  configDrive: boolean;
  diskConfig: 'AUTO' | 'MANUAL';
  accessIPv4: string | null;
  accessIPv6: string | null;
  minCount: number;
  maxCount: number;
  zone: { name: string | null; host?: string; node?: string };
  /** 2.74: where it must go, with all filters asked all the same. */
  requestedHost: string | undefined;
  requestedNode: string | undefined;
  hints: Record<string, unknown>;
}

/** Reads the body; what the schema cannot say about it is said here (400), and who may ask for a certain host (403). */
export function launchRequest({ body, version, enforce }: Pick<Request<CreateBody>, 'body' | 'version' | 'enforce'>): LaunchRequest {
  const { server } = body;
  if (server.personality?.length) throw forbidden('Personality file limit exceeded'); // nothing is injected into disks here
  if (server.trusted_image_certificates) throw badRequest('Certificate image validation is not enabled: trusted_image_certificates cannot be used.');
  if (server.block_device_mapping?.length && server.block_device_mapping_v2?.length) throw badRequest('Using different block_device_mapping syntaxes is not allowed in the same request.');
  const minCount = Number(server.min_count ?? 1);
  const maxCount = Number(server.max_count ?? minCount);
  if (minCount > maxCount) throw badRequest('min_count must be <= max_count');
  if (server.hostname !== undefined && maxCount > 1) throw badRequest('Unable to allocate a single hostname to multiple instances');
  const zone = zoneOf(server.availability_zone);
  if (zone.host ?? zone.node) enforce('os_compute_api:servers:create:forced_host');
  if (server.host ?? server.hypervisor_hostname) {
    enforce('compute:servers:create:requested_destination');
    if (zone.host ?? zone.node) throw badRequest('One mechanism with host and/or hypervisor_hostname and another mechanism with zone:host:node are mutually exclusive.');
  }
  const name = server.name.trim();
  return {
    name,
    description: version.minor >= 19 ? (server.description ?? null) : name,
    hostname: server.hostname,
    flavorRef: String(server.flavorRef).split('/').at(-1)!,
    imageRef: server.imageRef ?? '',
    adminPass: server.adminPass ?? generatedPassword(),
    metadata: server.metadata ?? {},
    tags: [...new Set(server.tags)],
    networks: server.networks,
    securityGroups: [...new Set((server.security_groups ?? []).flatMap((group) => group.name ?? []))],
    devices: server.block_device_mapping?.length ? { legacy: server.block_device_mapping } : { v2: server.block_device_mapping_v2 ?? [] },
    keyName: server.key_name,
    userData: server.user_data ?? null,
    configDrive: isTrue(server.config_drive),
    diskConfig: server['OS-DCF:diskConfig'] ?? 'MANUAL',
    accessIPv4: server.accessIPv4 ?? null,
    accessIPv6: server.accessIPv6 ?? null,
    minCount,
    maxCount,
    zone,
    requestedHost: server.host,
    requestedNode: server.hypervisor_hostname,
    hints: body['os:scheduler_hints'] ?? body['OS-SCH-HNT:scheduler_hints'] ?? {},
  };
}

/** `zone`, `zone:host`, `zone::node` or `zone:host:node`. */
export function zoneOf(asked: string | undefined): LaunchRequest['zone'] {
  const [name = '', host, node, ...more] = (asked ?? '').split(':');
  if (more.length > 0) throw badRequest('Invalid input received: Unable to parse availability_zone');
  return { name: name || null, ...(host && { host }), ...(node && { node }) };
}

// No letter or digit that is easily taken for another, as in Nova's easier set.
const LETTERS = ['23456789', 'ABCDEFGHJKLMNPQRSTUVWXYZ', 'abcdefghijkmnopqrstuvwxyz'];
/** Twelve characters, of every kind one at least. */
export function generatedPassword(length = 12): string {
  const all = LETTERS.join('');
  const pick = (set: string) => set[randomBytes(4).readUInt32LE() % set.length]!;
  const characters = [...LETTERS.map(pick), ...Array.from({ length: length - LETTERS.length }, () => pick(all))];
  return characters.map((character) => ({ character, at: randomBytes(4).readUInt32LE() })).sort((a, b) => a.at - b.at).map(({ character }) => character).join('');
}
