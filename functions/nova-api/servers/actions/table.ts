import type { ServerAction } from './action.ts';
import { getConsoleOutput } from './console-output.ts';
import { lock, unlock } from './lock.ts';
import { pause, unpause } from './pause.ts';
import { reboot } from './reboot.ts';
import { resetState } from './reset-state.ts';
import { addSecurityGroup, removeSecurityGroup } from './security-groups.ts';
import { start } from './start.ts';
import { stop } from './stop.ts';
import { resume, suspend } from './suspend.ts';
import { getVncConsole } from './vnc-console.ts';

/** Every server action; a new one is a file of its own and its name here. */
export const serverActions: ServerAction[] = [
  start, stop, reboot, pause, unpause, suspend, resume, lock, unlock, resetState, getConsoleOutput, getVncConsole, addSecurityGroup, removeSecurityGroup,
];
