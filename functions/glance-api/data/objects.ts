import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { environment } from '../../../shared/deployment/declaration.ts';
import { requireEnv } from '../../../shared/environment.ts';

/** The images' bytes in S3. Each upload has its own key, so that a slow or repeated one never overwrites another's bytes. */
export const objectKey = (imageId: string, uploadId: string) => `${imageId}/${uploadId}`;
export const bucket = () => requireEnv(environment.bucket('images'));

let client: S3Client | undefined;
// The SDK's own CRC over a body whose hashes we make ourselves would only cost time.
export const s3 = () => (client ??= new S3Client({ requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' }));

export const putObject = (key: string, body: Buffer) => s3().send(new PutObjectCommand({ Bucket: bucket(), Key: key, Body: body }));

/** Bytes of the object; undefined where there is none. */
export async function objectSize(key: string): Promise<number | undefined> {
  try {
    return (await s3().send(new HeadObjectCommand({ Bucket: bucket(), Key: key }))).ContentLength;
  } catch (error) {
    // without the right to list the bucket, S3 answers 403 for a key that is not there
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === 404 || status === 403) return undefined;
    throw error;
  }
}

/** Bytes `from` to `to`, both included. */
export async function readObject(key: string, from: number, to: number): Promise<Buffer> {
  if (to < from) return Buffer.alloc(0);
  const answer = await s3().send(new GetObjectCommand({ Bucket: bucket(), Key: key, Range: `bytes=${from}-${to}` }));
  return Buffer.from(await answer.Body!.transformToByteArray());
}

/** Safe to repeat; an object that isn't there is no error. */
export const deleteObject = (key: string) => s3().send(new DeleteObjectCommand({ Bucket: bucket(), Key: key }));
