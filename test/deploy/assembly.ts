import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, globSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { synthesized } from '../../local/synthesis.ts';
import type { Template } from '../../local/template.ts';

/** The control plane's cloud assembly of the sources as they are, copied to `folder` for one deployment, which may change its template. */
export async function assemblyIn(folder: string, change: (template: Template) => void = () => {}): Promise<string> {
  cpSync(dirname(await synthesized()), folder, { recursive: true });
  changeTemplate(folder, change);
  return folder;
}

/** Changes a copied assembly's template where it stands, and its name in the store: of a name that is there nothing is loaded up again. */
export function changeTemplate(folder: string, change: (template: Template) => void): void {
  const file = join(folder, 'Novaless.template.json');
  const template = JSON.parse(readFileSync(file, 'utf8')) as Template;
  change(template);
  const text = JSON.stringify(template, null, 1);
  writeFileSync(file, text);
  const assets = readFileSync(join(folder, 'Novaless.assets.json'), 'utf8');
  const [before] = Object.entries((JSON.parse(assets) as { files: Record<string, { source: { path: string } }> }).files).find(([, { source }]) => source.path === 'Novaless.template.json')!;
  const now = createHash('sha256').update(text).digest('hex');
  for (const name of ['Novaless.assets.json', 'manifest.json']) {
    const path = join(folder, name);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(before, now));
  }
}

/** Takes all resources of a type out, which nothing else refers to. */
export function leaveOut(template: Template, type: string): void {
  for (const [id, { Type }] of Object.entries(template.Resources)) if (Type === type) delete template.Resources[id];
}

/** Changes the code of every function in a copied assembly a little, so that a deployment replaces them all. */
export function changeCode(folder: string): void {
  const files = ['Novaless.template.json', 'Novaless.assets.json'].map((name) => join(folder, name));
  for (const asset of globSync('asset.*/index.mjs', { cwd: folder }).map(dirname)) {
    appendFileSync(join(folder, asset, 'index.mjs'), '\n// another version\n');
    const before = asset.slice('asset.'.length);
    const now = createHash('sha256').update(before).digest('hex');
    renameSync(join(folder, asset), join(folder, `asset.${now}`));
    for (const file of files) writeFileSync(file, readFileSync(file, 'utf8').replaceAll(before, now));
  }
  changeTemplate(folder, () => {});
}
