import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { badRequest, conflict, forbidden, notFound, payloadTooLarge } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { notYours, owns, visibleImage } from '../image/access.ts';
import type { Image, Member } from '../image/record.ts';
import { getMember, membersOf, putMember, removeMember } from '../image/store.ts';
import { showMember } from '../image/view.ts';

const MAX_MEMBERS = 128;
const Add = Type.Object({ member: Type.String({ minLength: 1, maxLength: 255 }) });
const Answer = Type.Object({ status: Type.Union([Type.Literal('pending'), Type.Literal('accepted'), Type.Literal('rejected')]) });

/** The image, where sharing it means something. */
async function sharedImage(request: Request): Promise<Image> {
  const image = await visibleImage(request);
  if (image.visibility !== 'shared') throw forbidden('Only shared images have members.');
  return image;
}

const ownsOrAdmin = (request: Request, image: Image) => isAdmin(request.context) || owns(request.context, image);

/** Image API v2, "Create image member": the owner shares; the other project has yet to accept. */
async function add(request: Request<Static<typeof Add>>) {
  const image = await sharedImage(request);
  if (!ownsOrAdmin(request, image)) throw notYours('add_member');
  const { member: project } = request.body;
  if ((await membersOf(image.id)).length >= MAX_MEMBERS) throw payloadTooLarge(`The limit has been exceeded on the number of allowed image members for this image. Attempted: ${MAX_MEMBERS + 1}, Maximum: ${MAX_MEMBERS}`);
  const now = new Date().toISOString();
  const member: Member = { image_id: image.id, member_id: project, status: 'pending', created_at: now, updated_at: now };
  try {
    await putMember(member, 'new');
  } catch (error) {
    if (error instanceof ConditionFailed) throw conflict(`Image member already exists: ${project} of image ${image.id}.`);
    throw error;
  }
  return { body: showMember(member) };
}

/** "Update image member": only the project that it is shared with answers, or an admin. */
async function answer(request: Request<Static<typeof Answer>>) {
  const image = await sharedImage(request);
  const project = request.params['member_id']!;
  if (!isAdmin(request.context) && request.context.project_id !== project) throw notYours('modify_member');
  const member = await memberOf(image, project);
  const next: Member = { ...member, status: request.body.status, updated_at: new Date().toISOString() };
  try {
    await putMember(next, 'there');
  } catch (error) {
    if (error instanceof ConditionFailed) throw noMember(image, project);
    throw error;
  }
  return { body: showMember(next) };
}

/** Owners see all members, a member itself alone. */
async function list(request: Request) {
  const image = await sharedImage(request);
  const members = (await membersOf(image.id)).filter((member) => ownsOrAdmin(request, image) || member.member_id === request.context.project_id);
  return { body: { members: members.map(showMember), schema: '/v2/schemas/members' } };
}

async function show(request: Request) {
  const image = await sharedImage(request);
  const project = request.params['member_id']!;
  if (!ownsOrAdmin(request, image) && request.context.project_id !== project) throw noMember(image, project);
  return { body: showMember(await memberOf(image, project)) };
}

async function remove(request: Request) {
  const image = await sharedImage(request);
  if (!ownsOrAdmin(request, image)) throw notYours('delete_member');
  const project = request.params['member_id']!;
  if (!(await removeMember(image.id, project))) throw noMember(image, project);
}

async function memberOf(image: Image, project: string): Promise<Member> {
  if (project.length > 255) throw badRequest('The member id is too long.');
  const member = await getMember(image.id, project);
  if (!member) throw noMember(image, project);
  return member;
}
const noMember = (image: Image, project: string) => notFound(`${project} not found in the member list of the image ${image.id}.`);

export const memberRoutes: Route[] = [
  { method: 'POST', path: '/images/{image_id}/members', policy: 'add_member', body: Add, handler: add },
  { method: 'GET', path: '/images/{image_id}/members', policy: 'get_members', handler: list },
  { method: 'GET', path: '/images/{image_id}/members/{member_id}', policy: 'get_member', handler: show },
  { method: 'PUT', path: '/images/{image_id}/members/{member_id}', policy: 'modify_member', body: Answer, handler: answer },
  { method: 'DELETE', path: '/images/{image_id}/members/{member_id}', policy: 'delete_member', handler: remove },
];
