import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { CONSOLE_LOG_BYTES, consoleLogKey } from '../shared/agent/console.ts';
import { log } from '../shared/telemetry/log.ts';
import { outage } from './backoff.ts';

const INTERVAL_MS = 2000;
/** A guest's first words come with its start, which is to be told first. */
const SOON_MS = 100;

export type ConsoleLogs = ReturnType<typeof consoleLogs>;

interface Upkeep { wanted: 'there' | 'gone'; dirty: boolean; wake: AbortController; gone?: PromiseWithResolvers<boolean> }

export interface ConsoleLogSettings {
  s3: S3Client;
  bucket: string;
  host: string;
  /** The last bytes of a guest's console; undefined where there is no such guest. */
  tail: (uuid: string, bytes: number) => Promise<Buffer | undefined>;
  stopping: AbortSignal;
}

/** Keeps the last 100 KB of each guest's console in S3, written soon after it grows and then at most every 2 s, and takes it away with the guest. */
export function consoleLogs({ s3, bucket, host, tail, stopping }: ConsoleLogSettings) {
  const upkeeps = new Map<string, Upkeep>();
  const state = outage((away, reason) => (away ? log.warn('console logs cannot be stored; trying on', { host, reason }) : log.info('console logs can be stored again', { host })));

  function want(uuid: string, wanted: Upkeep['wanted']): Upkeep {
    const before = upkeeps.get(uuid);
    const upkeep = before ?? { wanted, dirty: true, wake: new AbortController() };
    upkeep.wanted = wanted;
    upkeep.dirty = true;
    if (!before) {
      upkeeps.set(uuid, upkeep);
      void keepUp(uuid, upkeep);
    }
    return upkeep;
  }

  const rest = (ms: number, { wake }: Upkeep) => sleep(ms, undefined, { signal: AbortSignal.any([stopping, wake.signal]) }).catch(() => {});

  async function keepUp(uuid: string, upkeep: Upkeep): Promise<void> {
    if (upkeep.wanted === 'there') await rest(SOON_MS, upkeep);
    while (upkeep.dirty && !stopping.aborted) {
      upkeep.dirty = false;
      const { wanted } = upkeep;
      let wait = INTERVAL_MS;
      try {
        if (wanted === 'there') await store(uuid);
        else await remove(uuid);
        state.worked();
        if (wanted === 'gone' && upkeep.wanted === 'gone') break;
      } catch (error) {
        if (stopping.aborted) return;
        upkeep.dirty = true;
        wait = Math.max(INTERVAL_MS, state.failed(error));
      }
      if (upkeep.wanted === 'gone' && wanted === 'there') continue;
      upkeep.wake = new AbortController();
      await rest(wait, upkeep);
    }
    if (stopping.aborted) return;
    upkeeps.delete(uuid);
    upkeep.gone?.resolve(true);
  }

  async function store(uuid: string): Promise<void> {
    const body = await tail(uuid, CONSOLE_LOG_BYTES);
    if (!body) return;
    await s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: consoleLogKey(uuid), Body: body, ContentType: 'text/plain; charset=utf-8', Metadata: { host } }),
      { abortSignal: stopping },
    );
  }

  /** Only what this host wrote: the instance may have gone to another one, whose log stands under the same key. */
  async function remove(uuid: string): Promise<void> {
    const object = { Bucket: bucket, Key: consoleLogKey(uuid) };
    try {
      const { Metadata } = await s3.send(new HeadObjectCommand(object), { abortSignal: stopping });
      if (Metadata?.['host'] !== host) return;
    } catch (error) {
      // 403 is S3's answer for what isn't there to those who may not list the bucket, and a host may not.
      if ([403, 404].includes((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0)) return;
      throw error;
    }
    await s3.send(new DeleteObjectCommand(object), { abortSignal: stopping });
  }

  return {
    changed(uuid: string): void {
      const upkeep = want(uuid, 'there');
      upkeep.gone?.resolve(false);
      delete upkeep.gone;
    },
    /** Resolves with true when it's gone, however long that takes, and with false if the guest came again before. */
    remove(uuid: string): Promise<boolean> {
      const upkeep = want(uuid, 'gone');
      upkeep.gone ??= Promise.withResolvers();
      upkeep.wake.abort();
      return upkeep.gone.promise;
    },
  };
}
