import { type App, CfnOutput, DefaultStackSynthesizer, Stack } from 'aws-cdk-lib';
import type { FunctionDeclaration } from '../shared/deployment/declaration.ts';
import { alarms } from './alarms.ts';
import { buckets } from './buckets.ts';
import { dashboard } from './dashboard.ts';
import { notificationBus } from './event-bus.ts';
import { deployFunction } from './function.ts';
import { functions as allFunctions } from './functions.ts';
import { tellHosts } from './host-parameters.ts';
import { deploymentParameters, publicEndpoint } from './parameters.ts';
import { consumedQueues } from './queues.ts';
import { launchRequests } from './launch-requests.ts';
import { addRoutes, restApi } from './rest-api.ts';
import { sweeper } from './sweeper.ts';
import { tables } from './tables.ts';

export interface NovalessStackProps {
  /** Folder with a bundle per function, as infra/bundle.ts writes it. */
  bundles: string;
  /** Whether tables and images stay when the stack is destroyed. */
  keepData: boolean;
  functions?: FunctionDeclaration[];
}

/** The control plane: everything that the functions' declarations ask for, and nothing else. */
export class NovalessStack extends Stack {
  constructor(app: App, id: string, { bundles, keepData, functions = allFunctions }: NovalessStackProps) {
    super(app, id, {
      description: 'Novaless: an OpenStack-compatible compute cloud on functions, queues and tables',
      synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
    });
    const parameters = deploymentParameters(this);
    const api = restApi(this);
    const resources = {
      parameters,
      endpoint: publicEndpoint(this, parameters, api),
      tables: tables(this, keepData),
      buckets: buckets(this, keepData),
      queues: consumedQueues(this),
      bus: notificationBus(this),
      bundles,
    };
    const deployed = functions.map((declaration) => ({ declaration, target: deployFunction(this, declaration, resources) }));
    addRoutes(api, deployed.flatMap(({ declaration, target }) => (declaration.routes ?? []).map((line) => ({ line, target }))));
    launchRequests(this, { bus: resources.bus, queue: resources.queues['nova-launch'] });
    const swept = deployed.filter(({ declaration }) => declaration.swept).map(({ target }) => target);
    sweeper(this, swept);
    const hostsLog = deployed.find(({ declaration }) => declaration.name === 'nova-conductor-sweep')!.target.logGroup;
    const watched = alarms(this, { api, queues: Object.values(resources.queues), swept, hostsLog, parameters });
    const unattended = deployed.filter(({ declaration: { routes, queue, swept: isSwept } }) => routes ?? queue ?? isSwept).map(({ target }) => target);
    dashboard(this, { api, queues: resources.queues, functions: deployed.map(({ target }) => target), unattended, alarms: watched });

    const { queues, tables: { 'nova-compute': journal }, buckets: { images, consoles } } = resources;
    tellHosts(this, parameters.parameterPath.valueAsString, {
      'journal-table': journal.tableName, 'images-bucket': images.bucketName, 'consoles-bucket': consoles.bucketName,
      'reports-queue': queues['host-reports'].queueName, 'heartbeats-queue': queues['host-heartbeats'].queueName,
    });
    for (const [id, value, description] of [
      ['PublicEndpoint', resources.endpoint, 'Base URL of the OpenStack services'],
      ['FunctionPrefix', `${this.stackName}-`, 'A function is called this and its name'],
      ['EventBusName', resources.bus.eventBusName, 'Where launches are asked for by events, and notifications are published'],
      ['HostReportsQueueUrl', queues['host-reports'].queueUrl, 'Where an agent reports what became of a command'],
      ['HostHeartbeatsQueueUrl', queues['host-heartbeats'].queueUrl, 'Where an agent says that its host is alive'],
      ['HostJournalTableName', journal.tableName, 'Where the commands for a host stand'],
      ['ImagesBucketName', images.bucketName, 'The image store'],
      ['ConsolesBucketName', consoles.bucketName, "Where an agent puts its guests' console output"],
    ] as const) new CfnOutput(this, id, { value, description });
  }
}
