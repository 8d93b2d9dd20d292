/**
 * A worker VM for each object that is put into a bucket; it turns itself off when it is done, and then it is deleted.
 * usage: npx cdk deploy --app "node bin/pinned-node.js docs/examples/worker-per-object/app.ts" WorkerPerObject
 *        --parameters Image=… --parameters Flavor=…   (ids; see README.md)
 */
import { App, CfnParameter, DefaultStackSynthesizer, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, type CfnBucket } from 'aws-cdk-lib/aws-s3';
import { DeleteOn, LaunchOn, novalessBus } from '../../../infra/launch-on.ts';

/** What the guest does. An object's key is whatever its writer chose: `:sh` makes one word of it. */
const work = `#!/bin/sh
echo working on {{bucket:sh}} {{key:sh}} > /dev/console
# … fetch it, work on it, put the result where it belongs …
poweroff
`;

export class WorkerPerObject extends Stack {
  constructor(app: App, id = 'WorkerPerObject') {
    super(app, id, { synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) });
    const image = new CfnParameter(this, 'Image', { description: "Id of the worker's image" }).valueAsString;
    const flavor = new CfnParameter(this, 'Flavor', { description: "Id of the worker's flavor" }).valueAsString;
    const bucket = new Bucket(this, 'Objects', { blockPublicAccess: BlockPublicAccess.BLOCK_ALL, enforceSSL: true, removalPolicy: RemovalPolicy.RETAIN });
    // The plain property: the construct's own option makes a custom resource.
    (bucket.node.defaultChild as CfnBucket).notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };

    new LaunchOn(this, 'Worker', {
      on: { source: ['aws.s3'], detailType: ['Object Created'], detail: { bucket: { name: [bucket.bucketName] } } },
      values: { bucket: '$.detail.bucket.name', key: '$.detail.object.key', sequencer: '$.detail.object.sequencer' },
      credential: 'workers',
      server: { name: 'worker-{{sequencer}}', imageRef: image, flavorRef: flavor, networks: 'auto', metadata: { role: 'worker', bucket: '{{bucket}}' } },
      userData: work,
    });

    new DeleteOn(this, 'Done', {
      bus: novalessBus(this),
      on: { source: ['novaless.compute'], detailType: ['compute.instance.power_off.end'], detail: { metadata: { role: ['worker'], bucket: [bucket.bucketName] } } },
      values: { id: '$.detail.instance_id' },
      credential: 'workers',
      server: { id: '{{id}}' },
    });
  }
}

if (import.meta.main) {
  const app = new App();
  new WorkerPerObject(app);
  app.synth();
}
