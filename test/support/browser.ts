import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((each) => existsSync(each));

/** Why there is no browser test here; false where there is a browser. */
export const noBrowser: string | false = program ? false : 'needs a browser: apt install chromium';

/** A browser of its own for a test, without a window and without a word to anybody but the test's own pages. */
export async function openBrowser(t: { after: (done: () => unknown) => void }): Promise<{ page(): Promise<Page> }> {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-browser-'));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: program!,
    headless: true,
    viewport: { width: 1024, height: 768 },
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  t.after(async () => {
    await context.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return { page: () => context.newPage() };
}

/** For whoever wants to look: a picture of the page as NAME.png in the folder that the variable SCREENSHOTS names. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** How many points of the screen are of which colour: what a guest draws, however it is scaled. */
export const drawn = (page: Page): Promise<{ width: number; height: number; light: number } | undefined> => page.evaluate(`(() => {
  const canvas = document.querySelector('canvas');
  if (!canvas || canvas.width === 0) return undefined;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let light = 0;
  for (let at = 0; at < data.length; at += 4) if (data[at] + data[at + 1] + data[at + 2] > 300) light++;
  return { width: canvas.width, height: canvas.height, light };
})()`);
