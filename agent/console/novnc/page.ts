import { novncFile } from './files.ts';

/** noVNC's page: a guest's screen in a browser, for drivers whose guests have VNC. The listener serves what it loads. */
export const novncPage = (): string => novncFile('vnc_lite.html')!.toString();
