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
