/** A resource with a quota: its default limit, and the versions whose quota bodies name it. */
export interface QuotaResource { default: number; until?: number; /** Nothing here may raise it. */ fixed?: true }

/**
 * Nova's quotas with its defaults. What another service keeps (networks: until 2.35) is unlimited here; of what this cloud does
 * not have (groups of servers; files injected into disks, until 2.56) the limit is 0.
 */
export const quotaResources: Record<string, QuotaResource> = {
  instances: { default: 10 },
  cores: { default: 20 },
  ram: { default: 51_200 }, // MB
  metadata_items: { default: 128 },
  key_pairs: { default: 100 },
  server_groups: { default: 0, fixed: true },
  server_group_members: { default: 0, fixed: true },
  injected_files: { default: 0, until: 56, fixed: true },
  injected_file_content_bytes: { default: 0, until: 56, fixed: true },
  injected_file_path_bytes: { default: 0, until: 56, fixed: true },
  fixed_ips: { default: -1, until: 35, fixed: true },
  floating_ips: { default: -1, until: 35, fixed: true },
  security_groups: { default: -1, until: 35, fixed: true },
  security_group_rules: { default: -1, until: 35, fixed: true },
};

export type Limits = Record<string, number>;
export const UNLIMITED = -1;
export const defaultLimits = (): Limits => Object.fromEntries(Object.entries(quotaResources).map(([name, { default: limit }]) => [name, limit]));

/** Those that a version's bodies name. */
export const shownIn = (minor: number) => Object.keys(quotaResources).filter((name) => minor <= (quotaResources[name]!.until ?? Infinity));
/** 2.50 takes networks' quotas away from a class (from a project, 2.36 did) and shows those of server groups. */
export const classResources = (minor: number) =>
  minor >= 50 ? shownIn(minor) : shownIn(1).filter((name) => !name.startsWith('server_group'));
