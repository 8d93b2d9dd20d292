import { admin, adminOrMember, adminOrReader, member, reader, service, either, type Rule } from '../../shared/identity/policy.ts';

/**
 * Who may do what, as Glance's policy defaults. What hangs on the image itself (owner, members, visibility) is judged in
 * image/access.ts with the image at hand; where a rule is asked without an owner, it asks for the role alone.
 */
export const policies: Record<string, Rule> = {
  get_images: adminOrReader,
  get_image: adminOrReader,
  add_image: adminOrMember,
  modify_image: adminOrMember,
  delete_image: adminOrMember,
  publicize_image: admin,
  communitize_image: adminOrMember,
  upload_image: adminOrMember,
  download_image: adminOrMember,
  deactivate: adminOrMember,
  reactivate: adminOrMember,
  get_image_location: service,
  get_members: adminOrReader,
  get_member: adminOrReader,
  add_member: adminOrMember,
  delete_member: adminOrMember,
  modify_member: adminOrMember,
  get_schemas: either(admin, reader, member, service),
  get_stores: adminOrReader,
  get_stores_detail: admin,
};
