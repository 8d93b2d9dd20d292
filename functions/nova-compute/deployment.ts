import { type FunctionDeclaration, type Grant, without } from '../../shared/deployment/declaration.ts';

const journal = {
  table: 'nova-compute',
  actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'],
} satisfies Grant;
const rpc: Grant[] = [{ send: 'nova-conductor' }, { send: 'nova-compute' }, { send: 'cinder-volume' }];
const rest: Grant[] = [{ invoke: 'glance-api' }, { invoke: 'neutron-server' }, { invoke: 'cinder-api' }];
const token: Grant = { parameter: 'service-token/nova', actions: ['ssm:GetParameter'] };

export const novaCompute: FunctionDeclaration[] = [
  { name: 'nova-compute', entry: 'functions/nova-compute/rpc.ts', memory: 1024, timeout: 60, queue: 'nova-compute', uses: [journal, ...rpc, ...rest, { ringHosts: true }, token] },
  { name: 'nova-compute-reports', entry: 'functions/nova-compute/reports.ts', timeout: 60, queue: 'host-reports', uses: [journal, ...rpc, ...rest, { ringHosts: true }, token] },
  { name: 'nova-compute-sweep', entry: 'functions/nova-compute/sweep.ts', timeout: 60, swept: true, uses: [journal, ...rpc, ...rest, { ringHosts: true }, token] },
  // Called by an operator: enrols a host, names all, or retires one.
  { name: 'nova-compute-manage', entry: 'functions/nova-compute/manage.ts', uses: [without(journal, 'dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:ConditionCheckItem'), { send: 'nova-conductor' }, { send: 'cinder-volume' }] },
];
