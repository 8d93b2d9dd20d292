import * as Type from '@sinclair/typebox';
import { notFound } from '../../../shared/http/errors.ts';
import type { Route } from '../../../shared/http/route.ts';
import { pageParameters } from '../common/paging.ts';
import { Bool, Many, Query } from '../common/types.ts';
import { listAggregates } from './aggregates.ts';
import { listZones, listZonesDetailed } from './availability-zones.ts';
import { hypervisorServers, listHypervisors, listHypervisorsDetailed, searchHypervisors, showHypervisor, showUptime, statistics } from './hypervisors.ts';
import { deleteService, disable, disableReasonSchema, enable, enableSchema, forceDown, forceDownSchema, listServices, updateSchema, updateService } from './services.ts';

const hypervisors = 'os_compute_api:os-hypervisors';
const services = 'os_compute_api:os-services';
const zones = 'os_compute_api:os-availability-zone';

const hypervisorQuery = [
  { from: 1, schema: Query({}) },
  { from: 33, schema: Query(pageParameters) },
  { from: 53, schema: Query({ ...pageParameters, hypervisor_hostname_pattern: Type.String({ minLength: 1 }), with_servers: Many(Bool) }) },
];

export const hostRoutes: Route[] = [
  { method: 'GET', path: '/os-hypervisors', policy: `${hypervisors}:list`, query: hypervisorQuery, handler: listHypervisors },
  { method: 'GET', path: '/os-hypervisors/detail', policy: `${hypervisors}:list-detail`, query: hypervisorQuery, handler: listHypervisorsDetailed },
  { method: 'GET', path: '/os-hypervisors/statistics', policy: `${hypervisors}:statistics`, until: 87, handler: statistics },
  { method: 'GET', path: '/os-hypervisors/statistics', policy: `${hypervisors}:statistics`, since: 88, handler: () => { throw notFound(); } },
  { method: 'GET', path: '/os-hypervisors/{id}', policy: `${hypervisors}:show`, handler: showHypervisor },
  { method: 'GET', path: '/os-hypervisors/{id}/uptime', policy: `${hypervisors}:show`, until: 87, handler: showUptime },
  { method: 'GET', path: '/os-hypervisors/{id}/search', policy: `${hypervisors}:search`, until: 52, handler: searchHypervisors },
  { method: 'GET', path: '/os-hypervisors/{id}/servers', policy: `${hypervisors}:servers`, until: 52, handler: hypervisorServers },
  { method: 'GET', path: '/os-services', policy: `${services}:list`, query: Query({ host: Many(Type.String()), binary: Many(Type.String()) }), handler: listServices },
  { method: 'PUT', path: '/os-services/enable', policy: `${services}:update`, until: 52, body: enableSchema, handler: enable },
  { method: 'PUT', path: '/os-services/disable', policy: `${services}:update`, until: 52, body: enableSchema, handler: disable },
  { method: 'PUT', path: '/os-services/disable-log-reason', policy: `${services}:update`, until: 52, body: disableReasonSchema, handler: disable },
  { method: 'PUT', path: '/os-services/force-down', policy: `${services}:update`, since: 11, until: 52, body: forceDownSchema, handler: forceDown },
  { method: 'PUT', path: '/os-services/{id}', policy: `${services}:update`, since: 53, body: updateSchema, handler: updateService },
  { method: 'DELETE', path: '/os-services/{id}', policy: `${services}:delete`, handler: deleteService },
  { method: 'GET', path: '/os-aggregates', policy: 'os_compute_api:os-aggregates:index', handler: listAggregates },
  { method: 'GET', path: '/os-availability-zone', policy: `${zones}:list`, handler: listZones },
  { method: 'GET', path: '/os-availability-zone/detail', policy: `${zones}:detail`, handler: listZonesDetailed },
];
