/**
 * Stands where the functions of a deployment on MiniStack find SSM. Parameters are MiniStack's, call by call; what it has none of is
 * Run Command on hosts that belong to no EC2. There this asks MiniStack's IAM whether the caller may, and rings the host.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { serveOnLoopback } from '../../local/loopback.ts';

interface Settings {
  /** MiniStack's URL. */
  url: string;
  account: string;
  region: string;
  /** Rings a host; false where there is no such instance. */
  ring: (instanceId: string, ringId: string) => boolean;
}

/** Its address, and how to stop it. */
export async function startSystemsManager(settings: Settings) {
  return serveOnLoopback(async (incoming, response) => {
    try {
      const pieces: Buffer[] = [];
      for await (const piece of incoming) pieces.push(piece);
      const body = Buffer.concat(pieces);
      const passed = await forward(settings.url, incoming.method!, incoming.url!, incoming.headers, body);
      const { status, type, text } = incoming.headers['x-amz-target'] === 'AmazonSSM.SendCommand' ? await sendCommand(settings, JSON.parse(body.toString()), passed) : passed;
      response.writeHead(status, { 'content-type': type }).end(text);
    } catch (error) {
      response.writeHead(500, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify({ __type: 'InternalServerError', message: String(error) }));
    }
  });
}

interface Answer { status: number; type: string; text: string }

const answer = (status: number, body: object): Answer => ({ status, type: 'application/x-amz-json-1.1', text: JSON.stringify(body) });
const refusal = (type: string, Message: string) => answer(400, { __type: type, Message });

async function sendCommand(settings: Settings, body: { DocumentName: string; InstanceIds?: string[]; Parameters?: Record<string, string[]> }, passed: Answer): Promise<Answer> {
  const { account, region, ring } = settings;
  const { DocumentName, InstanceIds = [], Parameters = {} } = body;
  // MiniStack asks for a right on everything, and says whose is missing; who has a wrong signature is told so and no more.
  const [, role] = /assumed-role\/([^/]+)\/\S+ is not authorized to perform: ssm:SendCommand/.exec(passed.text) ?? [];
  if (!role) return passed;
  const arns = [`arn:aws:ssm:${region}:${account}:document/${DocumentName}`, ...InstanceIds.map((id) => `arn:aws:ssm:${region}:${account}:managed-instance/${id}`)];
  for (const arn of arns) {
    if (!(await allowed(settings, role, 'ssm:SendCommand', arn))) return refusal('AccessDeniedException', `User: ${role} is not authorized to perform: ssm:SendCommand on resource: ${arn}`);
  }
  const unknown = InstanceIds.filter((id) => !ring(id, Parameters['ringId']?.[0] ?? ''));
  if (unknown.length > 0) return refusal('InvalidInstanceId', `Instances [[${unknown.join(', ')}]] not in a valid state for account ${account}`);
  return answer(200, { Command: { CommandId: randomUUID(), DocumentName, InstanceIds, Parameters, Status: 'Pending', StatusDetails: 'Pending', RequestedDateTime: Date.now() / 1000 } });
}

/** What MiniStack's IAM makes of the role's policies. */
async function allowed({ url, account, region }: Settings, role: string, action: string, arn: string): Promise<boolean> {
  const asked = new URLSearchParams({
    Action: 'SimulatePrincipalPolicy', Version: '2010-05-08', PolicySourceArn: `arn:aws:iam::${account}:role/${role}`,
    'ActionNames.member.1': action, 'ResourceArns.member.1': arn,
  });
  // The account's owner is believed without a signature.
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/iam/aws4_request, SignedHeaders=host, Signature=none`;
  const { status, text } = await forward(url, 'POST', '/', { authorization, 'content-type': 'application/x-www-form-urlencoded' }, Buffer.from(asked.toString()));
  if (status !== 200) throw new Error(`SimulatePrincipalPolicy: ${status} ${text}`);
  return text.includes('<EvalDecision>allowed</EvalDecision>');
}

/** The host of the request stays as it was: it is signed. */
function forward(url: string, method: string, path: string, headers: IncomingHttpHeaders, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(new URL(path, url), { method, headers: { ...headers, 'content-length': body.length } }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece)).once('error', reject).once('end', () => resolve({
        status: response.statusCode!, type: response.headers['content-type'] ?? 'application/x-amz-json-1.1', text: Buffer.concat(pieces).toString(),
      }));
    });
    call.once('error', reject).end(body);
  });
}
