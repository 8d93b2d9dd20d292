import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

type PerMillion = 'lambda_requests' | 'lambda_gb_seconds' | 'dynamodb_read_units' | 'dynamodb_write_units' | 'sqs_requests' | 'sqs_fair_queue_surcharge' | 'api_gateway_requests' | 's3_put_requests' | 'events' | 'run_commands' | 'kms_requests';
type PerGb = 'logs_written' | 'dynamodb_kept_a_month' | 'dynamodb_point_in_time_recovery_a_month';

/** One region's, in dollars. */
export interface Prices {
  region: string;
  name: string;
  /** When they were read, and where. */
  dated: string;
  sources: Record<string, string>;
  per_million: Record<PerMillion, number>;
  per_gb: Record<PerGb, number>;
  per_month: { alarm_metric: number; dashboard: number; kms_key: number };
  /** What each account has free of charge every month, not only in its first year. */
  free_a_month: { lambda_requests: number; lambda_gb_seconds: number; sqs_requests: number; kms_requests: number; alarm_metrics: number; dashboards: number; metrics_of_a_dashboard: number; logs_gb: number; dynamodb_gb: number };
  /** An always-on controller, to compare with. */
  controller: { instance: string; instance_per_hour: number; disk_gb: number; disk_per_gb_month: number; load_balancer_per_hour: number };
}

const folder = join(import.meta.dirname, 'prices');

/** The price table of a region; a region is added by a file. */
export function prices(region: string): Prices {
  const file = join(folder, `${region}.json`);
  if (!existsSync(file)) throw new Error(`there are no prices of ${region}, only of ${readdirSync(folder).map((name) => name.replace('.json', '')).join(', ')}`);
  return JSON.parse(readFileSync(file, 'utf8')) as Prices;
}
