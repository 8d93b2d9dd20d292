import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { consoleLogKey } from '../../../shared/agent/console.ts';
import { environment } from '../../../shared/deployment/declaration.ts';
import { requireEnv } from '../../../shared/environment.ts';

let client: S3Client | undefined;

/** The console log's tail as the host's agent last uploaded it; "" before there is anything. */
export async function consoleLog(uuid: string): Promise<string> {
  client ??= new S3Client({});
  try {
    const object = await client.send(new GetObjectCommand({ Bucket: requireEnv(environment.bucket('consoles')), Key: consoleLogKey(uuid) }));
    // Nova drops what JSON clients could not read
    return (await object.Body!.transformToString('utf8')).replace(/[\0\u001b]/g, '');
  } catch (error) {
    if (['NoSuchKey', 'NotFound', 'AccessDenied'].includes((error as Error).name)) return '';
    throw error;
  }
}
