import { type FunctionDeclaration, type Grant, without } from '../../shared/deployment/declaration.ts';

const table = {
  table: 'glance',
  actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'],
} satisfies Grant;
const store = { bucket: 'images', actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'] } satisfies Grant;

export const glanceApi: FunctionDeclaration[] = [
  { name: 'glance-api', entry: 'functions/glance-api/http.ts', memory: 1024, timeout: 29, routes: ['ANY /image', 'ANY /image/{proxy+}'], uses: [table, without(store, 's3:AbortMultipartUpload'), { send: 'glance-api' }, { invoke: 'keystone-validate' }], settings: ['importAllowedHosts'] },
  // Imports (web-download) stream from their source to S3 and may take minutes.
  { name: 'glance-api-import', entry: 'functions/glance-api/rpc.ts', memory: 1024, timeout: 900, queue: 'glance-api', uses: [without(table, 'dynamodb:ConditionCheckItem'), store], settings: ['importAllowedHosts'] },
  { name: 'glance-api-sweep', entry: 'functions/glance-api/sweep.ts', timeout: 60, swept: true, uses: [without(table, 'dynamodb:UpdateItem', 'dynamodb:ConditionCheckItem'), without(store, 's3:AbortMultipartUpload')] },
];
