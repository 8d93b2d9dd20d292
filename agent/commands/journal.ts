import { QueryCommand, type AttributeValue, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { COMMAND_PREFIX, CommandEnvelope, commandArgs, hostPartition, type Command, type CommandKind } from '../../shared/agent/command.ts';
import { decompressed } from '../../shared/compression.ts';
import { checker } from '../schema.ts';

/** What an item of the journal turned out to be. */
export type Waiting =
  | { order: string; command: Command }
  | { order: string; problem: string; envelope?: Pick<Command, 'id' | 'subject' | 'attempt' | 'not_after'> & { kind: string } };

/** All that waits for the host, oldest first; nothing of it is trusted before it fits the contract. */
export async function waitingCommands(journal: DynamoDBClient, table: string, host: string): Promise<Waiting[]> {
  const found: Waiting[] = [];
  let start: Record<string, AttributeValue> | undefined;
  do {
    const page = await journal.send(new QueryCommand({
      TableName: table, ConsistentRead: true, ExclusiveStartKey: start,
      KeyConditionExpression: 'pk = :host AND begins_with(sk, :command)',
      ExpressionAttributeValues: { ':host': { S: hostPartition(host) }, ':command': { S: COMMAND_PREFIX } },
    }));
    for (const { sk, command } of (page.Items ?? []).map((item) => unmarshall(item))) found.push({ order: String(sk), ...parseCommand(command) });
    start = page.LastEvaluatedKey;
  } while (start);
  return found;
}

const checkEnvelope = checker(CommandEnvelope);
const checkArgs = new Map(Object.entries(commandArgs).map(([kind, schema]) => [kind, checker(schema)]));

type Parsed = { command: Command } | { problem: string; envelope?: Extract<Waiting, { problem: string }>['envelope'] };

/** A command that fits the contract, or what is wrong with it, naming fields and never their values. */
export function parseCommand(kept: unknown): Parsed {
  const value = kept instanceof Uint8Array ? plain(kept) : kept;
  const problem = checkEnvelope(value);
  if (problem) return { problem };
  const command = value as Command;
  const { id, kind, subject, attempt, not_after, args } = command as Omit<Command, 'args'> & { args: { instance_uuid?: string; volume_id?: string; security_group_id?: string } };
  const envelope = { id, kind, subject, attempt, not_after };
  if (Number.isNaN(Date.parse(not_after))) return { problem: 'not_after is no time' };
  const check = checkArgs.get(kind);
  if (!check) return { problem: `this host's agent knows no command ${/^\w+$/.test(kind) ? kind : 'of that kind'}`, envelope };
  const wrong = check(args);
  if (wrong) return { problem: `args: ${wrong}`, envelope };
  if (subject !== (args.instance_uuid ?? args.volume_id ?? args.security_group_id)) return { problem: 'the subject is not what args are about', envelope };
  return { command };
}

function plain(bytes: Uint8Array): unknown {
  try {
    return decompressed(bytes);
  } catch {
    return undefined; // which fits no contract
  }
}

export const isBuild = (kind: CommandKind | string): boolean => kind === 'spawn';
