import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { BucketName } from '../shared/deployment/declaration.ts';
import { accept } from './accept.ts';

const closed = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
};

/** The image store, and the tails of the guests' consoles. Both are closed to everyone but the functions and the hosts. */
export function buckets(stack: Stack, keepData: boolean): Record<BucketName, Bucket> {
  const removalPolicy = keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
  const made = {
    images: new Bucket(stack, 'ImagesBucket', {
      ...closed,
      removalPolicy,
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(1) }],
    }),
    consoles: new Bucket(stack, 'ConsolesBucket', {
      ...closed,
      removalPolicy: RemovalPolicy.DESTROY,
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(1), expiration: Duration.days(90) }],
    }),
  };
  for (const bucket of Object.values(made)) accept(bucket, 'S1', "Its readers and writers are this deployment's functions and hosts, which log what they do; an operator who wants every access logged turns on CloudTrail's data events.");
  return made;
}
