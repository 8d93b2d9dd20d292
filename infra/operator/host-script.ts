import type { AgentConfig } from '../../shared/agent/config.ts';

export interface HostScript {
  host: string;
  /** AWS's name of the region. */
  region: string;
  /** For a machine of one's own: with what it registers with SSM, once. An EC2 instance has its instance profile. */
  activation?: { id: string; code: string };
  /** The agent's, but for SSM's name of the machine, which is known there. */
  config: (instanceId: string) => AgentConfig;
}

/** Where the configuration says it; no name has this form. */
const INSTANCE = '@instance@';

/**
 * What makes a machine a host, for its root to run: registers it with SSM, makes the host's key there, and writes the agent's configuration.
 * SSM then installs the agent. Its only output, besides what it tells on stderr, is a line of SSM's name of the machine and the host's public
 * key (SPKI in base64): the private one never leaves the machine. It may be run again.
 */
export const hostScript = ({ host, region, activation, config }: HostScript): string => `#!/bin/sh
# Makes this machine the hypervisor host ${host} of a Novaless cloud (${region}). For root; it may be run again.
set -eu
umask 077
say() { echo "$*" >&2; }
fail() { say "$*"; exit 1; }
main() {
[ "$(id -u)" = 0 ] || fail 'This is for root.'
[ -d /run/systemd/system ] || fail 'This machine does not run systemd, which keeps the agent running.'
for each in openssl curl; do command -v "$each" > /dev/null || fail "$each is missing: install it and run this again."; done
registration=/var/lib/amazon/ssm/registration

${activation ? register(region, activation) : onEc2}
mkdir -p /etc/novaless
[ -s /etc/novaless/key.pem ] || openssl genpkey -algorithm ed25519 -out /etc/novaless/key.pem
sed "s/${INSTANCE}/$instance/" > /etc/novaless/agent.json.new << 'END_OF_CONFIGURATION'
${JSON.stringify(config(INSTANCE), null, 2)}
END_OF_CONFIGURATION
mv /etc/novaless/agent.json.new /etc/novaless/agent.json
if [ -e /etc/systemd/system/novaless-agent.service ]; then systemctl restart novaless-agent || true; fi
say "It is $instance to SSM, which installs the agent within minutes: journalctl -fu novaless-agent"
say 'What stands on the next line is not secret; the operator gives it to: npm run hosts -- accept ${host}'
echo "$instance $(openssl pkey -in /etc/novaless/key.pem -pubout -outform DER | openssl base64 -A)"
}
main < /dev/null # read as a whole before anything that it starts could read on
`;

/** As AWS's manual has it for other machines than EC2's. */
const register = (region: string, { id, code }: { id: string; code: string }) => `if [ "$(cat /etc/novaless/activation 2> /dev/null)" != '${id}' ]; then
  if grep -q '"mi-' "$registration" 2> /dev/null && ! [ -e /etc/novaless/activation ]; then
    fail "This machine is registered with SSM already, and not by this cloud. To give that up: amazon-ssm-agent -register -clear, then run this again."
  fi
  case $(uname -m) in
    x86_64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "There is no SSM agent for the processor $(uname -m)." ;;
  esac
  if command -v dpkg > /dev/null; then kind=debian; else kind=linux; fi
  say "Installing the SSM agent, and registering with SSM in ${region}"
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  curl -fsSL --retry 3 -o "$folder/ssm-setup-cli" "https://amazon-ssm-${region}.s3.${region}.amazonaws.com/latest/\${kind}_$arch/ssm-setup-cli" || fail 'The SSM agent cannot be fetched.'
  chmod 700 "$folder/ssm-setup-cli"
  (cd "$folder" && ./ssm-setup-cli -register -activation-code '${code}' -activation-id '${id}' -region '${region}' -override) >&2 || fail 'It could not be registered. An activation works once, and for a day: npm run hosts -- enrol makes another.'
  mkdir -p /etc/novaless
  echo '${id}' > /etc/novaless/activation
fi
instance=$(grep -o 'mi-[0-9a-f]*' "$registration" | head -n 1)
[ -n "$instance" ] || fail "$registration does not say what SSM calls this machine."`;

const onEc2 = `session=$(curl -fsS -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token) || fail 'This is no EC2 instance, or its metadata service is off.'
instance=$(curl -fsS -m 5 -H "X-aws-ec2-metadata-token: $session" http://169.254.169.254/latest/meta-data/instance-id)
systemctl restart amazon-ssm-agent 2> /dev/null || systemctl restart snap.amazon-ssm-agent.amazon-ssm-agent || fail 'The SSM agent is not installed: https://docs.aws.amazon.com/systems-manager/latest/userguide/manually-install-ssm-agent-linux.html'`;

/** Reads the script's line. Throws where it is none. */
export function answerOf(text: string): { instanceId: string; publicKey: string } {
  const [, instanceId, key] = /(?:^|\s)(mi-[0-9a-f]{17}|i-[0-9a-f]{8,17})\s+([A-Za-z0-9+/]{59}=)\s*$/.exec(text) ?? [];
  if (!instanceId || !key) throw new Error("that is not the last line of the script's output, like: mi-0123456789abcdef0 MCowBQYDK2VwAyEA…=");
  return { instanceId, publicKey: `-----BEGIN PUBLIC KEY-----\n${key}\n-----END PUBLIC KEY-----\n` };
}
