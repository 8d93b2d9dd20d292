import { createHash } from 'node:crypto';

/** Our namespace for name-based UUIDs. */
const NAMESPACE = Buffer.from('6f1d2f3a7c504d0e9b0a51e3d4c8a7b6', 'hex');

/** A UUID (version 5) that follows from the names alone: whoever asks again gets the same one. */
export function derivedId(...names: string[]): string {
  const hash = createHash('sha1').update(NAMESPACE).update(names.join('\0')).digest().subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A project has one default security group, whoever makes it first. */
export const defaultSecurityGroupId = (project: string) => derivedId('default security group', project);
