import { validator } from '../http/validate.ts';
import { SignedReport } from './report.ts';

/** A queue's message as a signed report, which nobody has verified yet; undefined where it is none. Not beside its making: the agent's bundle has no validator. */
export function signedReport(body: string): SignedReport | undefined {
  try {
    const report: unknown = JSON.parse(body);
    return validator(SignedReport)(report) ? (report as SignedReport) : undefined;
  } catch {
    return undefined;
  }
}
