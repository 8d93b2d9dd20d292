import { RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { type TableName, tableNames, tableSchema } from '../shared/deployment/declaration.ts';
import { pascal } from './names.ts';

const key = (name: string) => ({ name, type: AttributeType.STRING });

/** A table per service, all of one shape. */
export function tables(stack: Stack, keepData: boolean): Record<TableName, Table> {
  return Object.fromEntries(
    tableNames.map((name) => {
      const table = new Table(stack, `${pascal(name)}Table`, {
        partitionKey: key(tableSchema.partitionKey),
        sortKey: key(tableSchema.sortKey),
        timeToLiveAttribute: tableSchema.ttl,
        billingMode: BillingMode.PAY_PER_REQUEST,
        encryption: TableEncryption.AWS_MANAGED,
        pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
        deletionProtection: keepData,
        removalPolicy: keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      });
      for (const index of tableSchema.indexes) {
        table.addGlobalSecondaryIndex({
          indexName: index.name,
          partitionKey: key(index.partitionKey),
          sortKey: key(index.sortKey),
          projectionType: ProjectionType[index.projection],
        });
      }
      return [name, table];
    }),
  ) as Record<TableName, Table>;
}
