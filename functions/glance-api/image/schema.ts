import * as Type from '@sinclair/typebox';
import type { TSchema } from '@sinclair/typebox';
import { badRequest } from '../../../shared/http/errors.ts';
import { explain, validator } from '../../../shared/http/validate.ts';

const uuid = '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$';
export const containerFormats = ['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'];
export const diskFormats = ['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop'];

const readOnly = (schema: object) => ({ ...schema, readOnly: true });
const text = (description: string, more: object = {}) => ({ type: 'string', description, ...more });
const orNull = (schema: { type: string }) => ({ ...schema, type: ['null', schema.type] });

/** The image's own fields as JSON schema, as `GET /v2/schemas/image` shows them. */
const properties: Record<string, object> = {
  id: text('An identifier for the image', { pattern: uuid }),
  name: orNull(text('Descriptive name for the image', { maxLength: 255 })),
  status: readOnly(text('Status of the image', { enum: ['queued', 'saving', 'active', 'killed', 'deleted', 'uploading', 'importing', 'pending_delete', 'deactivated'] })),
  visibility: text('Scope of image accessibility', { enum: ['community', 'public', 'private', 'shared'] }),
  protected: { type: 'boolean', description: 'If true, image will not be deletable.' },
  os_hidden: { type: 'boolean', description: 'If true, image will not appear in default image list response.' },
  checksum: readOnly(orNull(text('md5 hash of image contents.', { maxLength: 32 }))),
  os_hash_algo: readOnly(orNull(text('Algorithm to calculate the os_hash_value', { maxLength: 64 }))),
  os_hash_value: readOnly(orNull(text('Hexdigest of the image contents using the algorithm specified by the os_hash_algo', { maxLength: 128 }))),
  owner: orNull(text('Owner of the image', { maxLength: 255 })),
  size: readOnly({ type: ['null', 'integer'], description: 'Size of image file in bytes' }),
  virtual_size: readOnly({ type: ['null', 'integer'], description: 'Virtual size of image in bytes' }),
  container_format: { ...orNull(text('Format of the container')), enum: [null, ...containerFormats] },
  disk_format: { ...orNull(text('Format of the disk')), enum: [null, ...diskFormats] },
  created_at: readOnly(text('Date and time of image registration')),
  updated_at: readOnly(text('Date and time of the last image modification')),
  tags: { type: 'array', description: 'List of strings related to the image', items: { type: 'string', maxLength: 255 } },
  direct_url: readOnly(text('URL to access the image file kept in external store')),
  min_ram: { type: 'integer', description: 'Amount of ram (in MB) required to boot image.' },
  min_disk: { type: 'integer', description: 'Amount of disk space (in GB) required to boot image.' },
  self: readOnly(text('An image self url')),
  file: readOnly(text('An image file url')),
  stores: readOnly(text('Store in which image data resides.')),
  schema: readOnly(text('An image schema url')),
  locations: {
    type: 'array',
    description: 'A set of URLs to access the image file kept in external store',
    items: { type: 'object', required: ['url', 'metadata'], properties: { url: { type: 'string', maxLength: 255 }, metadata: { type: 'object' } } },
  },
};

export const baseProperties = new Set(Object.keys(properties));

export const imageSchema = {
  name: 'image',
  properties,
  additionalProperties: { type: 'string' },
  links: [
    { rel: 'self', href: '{self}' },
    { rel: 'enclosure', href: '{file}' },
    { rel: 'describedby', href: '{schema}' },
  ],
};

export const memberSchema = {
  name: 'member',
  properties: {
    created_at: text('Date and time of image member creation'),
    image_id: text('An identifier for the image', { pattern: uuid }),
    member_id: text('An identifier for the image member (tenantId)'),
    status: text('The status of this image member', { enum: ['pending', 'accepted', 'rejected'] }),
    updated_at: text('Date and time of last modification of image member'),
    schema: readOnly(text('An image member schema url')),
  },
};

/** A page of such things, as `GET /v2/schemas/images` shows it. */
export const collectionSchema = (name: string, item: { name: string }) => ({
  name,
  properties: {
    [name]: { type: 'array', items: item },
    first: { type: 'string' },
    next: { type: 'string' },
    schema: { type: 'string' },
  },
  links: [
    { rel: 'first', href: '{first}' },
    { rel: 'next', href: '{next}' },
    { rel: 'describedby', href: '{schema}' },
  ],
});

// DynamoDB keeps 38 digits, Glance's database 32 bits
const count = { type: 'integer', minimum: 0, maximum: 2_147_483_647 };
const written: TSchema = Type.Unsafe({
  type: 'object',
  properties: { ...properties, min_ram: count, min_disk: count },
  additionalProperties: { type: 'string', maxLength: 65_535 },
  propertyNames: { minLength: 1, maxLength: 255 },
});

/** Throws 400 in Glance's words unless these fields may stand in an image. */
export function validateImage(fields: unknown): asserts fields is Record<string, unknown> {
  const check = validator(written);
  if (!check(fields)) throw badRequest(`Provided object does not match schema 'image': ${explain(check.errors!)}`);
}
