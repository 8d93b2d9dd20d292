/** What a driver's console consists of, in one file that can be bundled as the agent is. */
export { joinSocket } from '../../../agent/console/join.ts';
export { serveConsoles } from '../../../agent/console/listener.ts';
export { novncPage } from '../../../agent/console/novnc/page.ts';
