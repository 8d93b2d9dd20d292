import type { FunctionDeclaration, Grant } from '../../shared/deployment/declaration.ts';

const table: Grant = {
  table: 'nova',
  actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'],
};

export const novaApi: FunctionDeclaration[] = [
  {
    name: 'nova-api',
    entry: 'functions/nova-api/http.ts',
    memory: 1024,
    timeout: 29,
    routes: ['ANY /compute', 'ANY /compute/{proxy+}'],
    uses: [
      table,
      { send: 'nova-scheduler' },
      { send: 'nova-compute' },
      { send: 'nova-conductor' },
      { bucket: 'consoles', actions: ['s3:GetObject'] },
      { publishEvents: true },
      { parameter: 'service-token/nova', actions: ['ssm:GetParameter'] },
      { invoke: 'keystone-validate' },
      { invoke: 'keystone' },
      { invoke: 'glance-api' },
      { invoke: 'neutron-server' },
      { invoke: 'cinder-api' },
    ],
  },
  { name: 'nova-api-rpc', entry: 'functions/nova-api/rpc.ts', queue: 'nova-api', uses: [{ table: 'nova', actions: ['dynamodb:GetItem'] }] },
];
