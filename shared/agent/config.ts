import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';

/**
 * The file that `agent/main.ts --config FILE` (or the installed bundle) starts with; mode 0600, as it names private keys.
 * All that the host's identity needs on AWS: dynamodb:Query on the journal for its own partition (`dynamodb:LeadingKeys` HOST#name),
 * sqs:SendMessage to the two queues, s3:GetObject of images, s3:GetObject, PutObject and DeleteObject of `logs/*` in the consoles bucket.
 */
export const AgentConfig = Type.Object({
  region: Type.String(),
  /** Left out on AWS: the SDK's own. */
  endpoints: Type.Optional(Type.Object({ dynamodb: Type.Optional(Type.String()), sqs: Type.Optional(Type.String()), s3: Type.Optional(Type.String()) })),
  journalTable: Type.String(), // nova-compute's
  reportsQueue: Type.String(), // URLs
  heartbeatsQueue: Type.String(),
  consolesBucket: Type.String(),
  /** Unix socket on which rings arrive, a line of JSON each: {"host": NAME, "ring": UUID}. */
  ringSocket: Type.String(),
  /** Where the console listener binds; its public address is each host's consoleUrl. */
  console: Type.Object({ address: Type.String(), port: Type.Integer() }),
  hosts: Type.Array(Type.Object({
    host: Type.String(),
    managedInstanceId: Type.String(),
    privateKeyFile: Type.String(), // PEM, Ed25519
    stateDir: Type.String(),
    /**
     * Where the libvirt driver keeps disks, volumes and images: on a file system that is large, and that QEMU's user can reach.
     * /var/lib/novaless, a folder of the host's own in it, where not given.
     */
    storageDir: Type.Optional(Type.String({ pattern: '^/' })),
    driver: Type.Union([Type.Literal('fake'), Type.Literal('libvirt')]),
    consoleUrl: Type.String(),
    /** The fake driver's size; 32 vCPUs, 64 GiB, 1 TiB where not given. */
    capacity: Type.Optional(Type.Object({ vcpus: Type.Integer(), memory_mb: Type.Integer(), local_gb: Type.Integer() })),
  }), { minItems: 1 }),
});
export type AgentConfig = Static<typeof AgentConfig>;

export interface Ring { host: string; ring: string }
