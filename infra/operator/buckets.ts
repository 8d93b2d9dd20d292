import { DeleteObjectsCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';

/** Deletes what is in a bucket; one that is not there is no error. Returns how many objects it had. */
export async function emptyBucket(s3: S3Client, bucket: string): Promise<number> {
  for (let deleted = 0; ;) {
    const { Contents: objects = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket })).catch((error: Error) => {
      if (error.name === 'NoSuchBucket') return { Contents: [] };
      throw error;
    });
    if (objects.length === 0) return deleted;
    const { Errors: refused = [] } = await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects.map(({ Key }) => ({ Key })), Quiet: true } }));
    if (refused.length > 0) throw new Error(`${refused.length} objects of ${bucket} cannot be deleted: ${refused[0]!.Message}`);
    deleted += objects.length;
  }
}
