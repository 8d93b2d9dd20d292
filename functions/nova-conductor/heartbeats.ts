import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { Heartbeat, type SignedReport } from '../../shared/agent/report.ts';
import { verifiedReport } from '../../shared/agent/signature.ts';
import { signedReport } from '../../shared/agent/signed-report.ts';
import { validator } from '../../shared/http/validate.ts';
import { computeNodeKey, type ComputeNode } from '../../shared/objects/compute_node.ts';
import { comeBackSoon } from '../../shared/rpc/come-back.ts';
import { table } from '../../shared/store/table.ts';
import { factsOf, log } from '../../shared/telemetry/log.ts';
import { beat } from './heartbeat.ts';

const nova = table('nova');

/** Heartbeats of the hosts' agents, each believed only where the host's own key has signed it. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  const beats = event.Records.map((message) => ({ message, signed: signedReport(message.body) }));
  const nodes = nodesOf(beats.flatMap(({ signed }) => signed?.host ?? []));
  const failed = await Promise.all(beats.map(({ message, signed }) => receive(message, signed, nodes)));
  return { batchItemFailures: failed.filter((id) => id !== undefined).map((itemIdentifier) => ({ itemIdentifier })) };
}

type Nodes = Map<string, ComputeNode>;

/** Hosts beat at their own times, but their messages come together. */
const nodesOf = async (hosts: string[]): Promise<Nodes> => new Map((await nova.getMany<ComputeNode>(hosts.map(computeNodeKey))).map((node) => [node.host, node]));

async function receive(message: SQSRecord, signed: SignedReport | undefined, nodes: Promise<Nodes>): Promise<string | undefined> {
  try {
    await handle(signed, nodes);
    return undefined;
  } catch (error) {
    log.error('heartbeat failed', { message_id: message.messageId, ...factsOf(error) });
    await comeBackSoon('host-heartbeats', message);
    return message.messageId;
  }
}

async function handle(signed: SignedReport | undefined, nodes: Promise<Nodes>): Promise<void> {
  if (!signed) return log.warn('not a signed report');
  const { host } = signed;
  const node = (await nodes).get(host);
  // enrolled a moment ago, perhaps: it beats again
  if (!node) return log.warn('a heartbeat of an unknown host', { host });
  const report = verifiedReport(signed, node.public_key);
  if (!report) return log.warn('a heartbeat that is not signed by its host', { host });
  if (report.method !== 'heartbeat' || !validator(Heartbeat)(report.args)) return log.warn('a heartbeat that makes no sense', { host });
  await beat(node, report.args as Heartbeat);
}
