import { badRequest, notAcceptable } from './errors.ts';

/** `major.minor` as a number pair; compare minors only, the major is the service's. */
export interface Microversion { major: number; minor: number }

export interface VersionRange {
  /** The name in `OpenStack-API-Version: compute 2.90`. */
  service: string;
  /** Nova's older header, where the service knows one. */
  legacyHeader?: string;
  min: Microversion;
  max: Microversion;
}

export const formatVersion = ({ major, minor }: Microversion) => `${major}.${minor}`;

/** The version that a request asks for; 400 where it is malformed, 406 where the service does not have it. */
export function negotiate(range: VersionRange, header: (name: string) => string | undefined): Microversion {
  const asked = askedFor(range, header);
  if (asked === undefined) return range.min;
  if (asked === 'latest') return range.max;
  const match = /^([1-9]\d*)\.([1-9]\d*|0)$/.exec(asked);
  if (!match) throw badRequest(`API Version String ${asked} is of invalid format. Must be of format MajorNum.MinorNum.`);
  const version = { major: Number(match[1]), minor: Number(match[2]) };
  if (version.major !== range.min.major || version.minor < range.min.minor || version.minor > range.max.minor)
    throw notAcceptable(`Version ${asked} is not supported by the API. Minimum is ${formatVersion(range.min)} and maximum is ${formatVersion(range.max)}.`);
  return version;
}

function askedFor(range: VersionRange, header: (name: string) => string | undefined): string | undefined {
  for (const part of (header('openstack-api-version') ?? '').split(',')) {
    const [service, version] = part.trim().split(/\s+/);
    if (service === range.service && version) return version;
  }
  return range.legacyHeader ? header(range.legacyHeader)?.trim() : undefined;
}

/** Headers of every answer: the version that it speaks, and what it varies on. */
export const versionHeaders = (range: VersionRange, version: Microversion): Record<string, string> => ({
  'OpenStack-API-Version': `${range.service} ${formatVersion(version)}`,
  ...(range.legacyHeader && { [range.legacyHeader]: formatVersion(version) }),
  Vary: ['OpenStack-API-Version', range.legacyHeader].filter(Boolean).join(', '),
});
