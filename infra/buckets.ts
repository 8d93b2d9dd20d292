import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { BucketName } from '../shared/deployment/declaration.ts';

const closed = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
};

/** The image store, and the tails of the guests' consoles. Both are closed to everyone but the functions and the hosts. */
export function buckets(stack: Stack, keepData: boolean): Record<BucketName, Bucket> {
  const removalPolicy = keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
  return {
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
}
