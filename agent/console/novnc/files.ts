import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A file of the page that shows a guest's screen, by its name relative to the page: `vnc_lite.html` or `novnc/…`; undefined
 * where there is none. This file is for agents that run from the sources, and gives noVNC's modules as its package has them;
 * the bundle has another one in its place, with all of it inside (infra/agent-bundle.ts).
 */
export function novncFile(name: string): Buffer | undefined {
  const file = fileOf(name);
  return file !== undefined && existsSync(file) ? readFileSync(file) : undefined;
}

const ours = new Set(['vnc_lite.html', 'console.js', 'console.css']);

function fileOf(name: string): string | undefined {
  const inside = name.replace(/^novnc\//, '');
  if (ours.has(inside)) return join(import.meta.dirname, inside);
  // Nothing but modules, and nothing outside the package.
  if (inside === name || normalize(inside) !== inside || !/^(core|vendor)\/[\w./-]+\.js$/.test(inside)) return undefined;
  return join(packageFolder(), inside);
}

const packageFolder = () => dirname(dirname(fileURLToPath(import.meta.resolve('@novnc/novnc'))));
