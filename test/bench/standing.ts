import { readFileSync } from 'node:fs';

/** What stands in the template and costs while nobody asks for anything. */
export interface Standing {
  mappings: number;
  alarmMetrics: number;
  /** Metrics of each. */
  dashboards: number[];
  tables: number;
  swept: number;
  ownKeys: number;
}

export function standingOf(templateFile: string): Standing {
  const { Resources } = JSON.parse(readFileSync(templateFile, 'utf8')) as { Resources: Record<string, { Type: string; Properties?: Record<string, any> }> };
  const all = (type: string) => Object.values(Resources).filter(({ Type }) => Type === type);
  const metricsOf = ({ Metrics }: Record<string, any> = {}) => (Metrics ? Metrics.filter((each: object) => 'MetricStat' in each).length : 1);
  return {
    mappings: all('AWS::Lambda::EventSourceMapping').length,
    alarmMetrics: all('AWS::CloudWatch::Alarm').reduce((sum, { Properties }) => sum + metricsOf(Properties), 0),
    dashboards: all('AWS::CloudWatch::Dashboard').map(({ Properties }) => dashboardMetrics(Properties!['DashboardBody'])),
    tables: all('AWS::DynamoDB::Table').length,
    swept: all('AWS::Events::Rule').filter(({ Properties }) => Properties?.['ScheduleExpression']).reduce((sum, { Properties }) => sum + Properties!['Targets'].length, 0),
    ownKeys: all('AWS::KMS::Key').length,
  };
}

/** How many metrics a dashboard of a template names. */
export function dashboardMetrics(body: { 'Fn::Join': [string, unknown[]] }): number {
  const text = body['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : 'name')).join('');
  const { widgets } = JSON.parse(text) as { widgets: { properties: { metrics?: unknown[] } }[] };
  return widgets.reduce((sum, { properties }) => sum + (properties.metrics?.length ?? 0), 0);
}
