import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Report, SignedReport } from './report.ts';

/** Signs a report with the host's private key (PEM, Ed25519). */
export function signReport(report: Report, privateKeyPem: string): SignedReport {
  const payload = JSON.stringify(report);
  return { host: report.host, payload, signature: sign(null, Buffer.from(payload), createPrivateKey(privateKeyPem)).toString('base64') };
}

/** The report, where the host's public key made at its enrolment says that it is the host's own; undefined otherwise. */
export function verifiedReport(signed: SignedReport, publicKeyPem: string): Report | undefined {
  if (!verify(null, Buffer.from(signed.payload), publicKey(publicKeyPem), Buffer.from(signed.signature, 'base64'))) return undefined;
  const report = JSON.parse(signed.payload) as Report;
  return report.host === signed.host ? report : undefined;
}

const MOST_KEYS = 1000;
const keys = new Map<string, KeyObject>();
/** Read once, not for each report: that costs as much as the verification. */
function publicKey(pem: string): KeyObject {
  const known = keys.get(pem);
  if (known) return known;
  if (keys.size >= MOST_KEYS) keys.clear();
  const key = createPublicKey(pem);
  keys.set(pem, key);
  return key;
}
