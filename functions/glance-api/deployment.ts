import type { FunctionDeclaration, Grant } from '../../shared/deployment/declaration.ts';

const table: Grant = {
  table: 'glance',
  actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'],
};
const store: Grant = { bucket: 'images', actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'] };

export const glanceApi: FunctionDeclaration[] = [
  { name: 'glance-api', entry: 'functions/glance-api/http.ts', memory: 1024, timeout: 29, routes: ['ANY /image', 'ANY /image/{proxy+}'], uses: [table, store, { send: 'glance-api' }], settings: ['importAllowedHosts'] },
  // Imports (web-download) stream from their source to S3 and may take minutes.
  { name: 'glance-api-import', entry: 'functions/glance-api/rpc.ts', memory: 1024, timeout: 900, queue: 'glance-api', uses: [table, store], settings: ['importAllowedHosts'] },
  { name: 'glance-api-sweep', entry: 'functions/glance-api/sweep.ts', timeout: 60, swept: true, uses: [table, store] },
];
