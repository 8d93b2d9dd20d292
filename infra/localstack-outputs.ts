import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { stacks } from './names.ts';

/** What belongs to deployments from this machine: outputs, credentials, the hosts' state. */
export const dataFolder = resolve(import.meta.dirname, '../.novaless');
export const outputsFile = resolve(dataFolder, 'localstack-outputs.json');

/** Passwords, the hosts' identities and their state. */
export const localstackFolder = resolve(dataFolder, 'localstack');

/** The stack's outputs, as its hosts and operators need them. */
export interface Outputs {
  PublicEndpoint: string;
  HostReportsQueueUrl: string;
  HostHeartbeatsQueueUrl: string;
  HostJournalTableName: string;
  ImagesBucketName: string;
  ConsolesBucketName: string;
}

/** Outputs of the last deployment. Throws where there is none. */
export const readOutputs = (): Outputs => (JSON.parse(readFileSync(outputsFile, 'utf8')) as Record<string, Outputs>)[stacks.controlPlane]!;
