# Installs or upgrades the agent of this hypervisor host; run as root by the document's command, below lines that set
# version, digest, config, archive, node_version, node_mirror, node_x64 and node_arm64. Guests are never touched: they are not the agent's
# processes, and the agent finds them again. Doing it again does nothing; it may be cut off at any point and begun again.
set -eu
umask 022
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
base=/opt/novaless
unit=/etc/systemd/system/novaless-agent.service
new=

say() { echo "novaless-agent: $*"; }
fail() { echo "novaless-agent: $*" >&2; exit 1; }
trap '[ -z "$new" ] || rm -rf "$new"' EXIT

mkdir -p "$base/versions" "$base/node"
chmod 755 "$base" "$base/versions" "$base/node" # whoever made them first
exec 9> "$base/.lock"
flock -n 9 || { say 'another installation is under way'; exit 0; }

current() { basename "$(readlink "$base/current" || true)"; }

runs() { # version
  pid=$(systemctl show --property MainPID --value novaless-agent 2> /dev/null) || return 1
  [ "${pid:-0}" -gt 0 ] && tr '\0' '\n' < "/proc/$pid/cmdline" 2> /dev/null | grep -q "/versions/$1/"
}

fetch() { # URL, file
  if command -v curl > /dev/null; then curl -fsSL --retry 3 -o "$2" "$1"
  elif command -v wget > /dev/null; then wget -q -O "$2" "$1"
  else fail 'curl or wget is needed to fetch Node'; fi
}

# The pinned Node of this processor, from npm's registry or a mirror of it, with the digest that the project's lock file has.
need_node() {
  [ -x "$node/bin/node" ] && return
  case $(uname -m) in
    x86_64) arch=x64 sum=$node_x64 ;;
    aarch64 | arm64) arch=arm64 sum=$node_arm64 ;;
    *) fail "there is no Node for the processor $(uname -m)" ;;
  esac
  new=$(mktemp -d "$base/node/.new.XXXXXX")
  fetch "$node_mirror/node-linux-$arch/-/node-linux-$arch-$node_version.tgz" "$new/node.tgz" || fail "Node cannot be fetched from $node_mirror"
  echo "$sum  $new/node.tgz" | sha512sum -c --status || fail 'the Node that was fetched is not the one that was asked for: its digest differs'
  tar -xzf "$new/node.tgz" -C "$new" --no-same-owner --strip-components=1 package/bin/node
  rm "$new/node.tgz"
  [ "$("$new/bin/node" --version)" = "v$node_version" ] || fail "Node $node_version does not run on this machine"
  chmod 755 "$new"
  mv -T "$new" "$node"
  new=
}

unpack() {
  [ -d "$base/versions/$version" ] && return
  echo "$digest  $archive" | sha256sum -c --status || fail 'the archive that was fetched is not the one that was asked for: its digest differs'
  need_node
  new=$(mktemp -d "$base/versions/.new.XXXXXX")
  tar -xzf "$archive" -C "$new" --no-same-owner
  ln -s "../../../node/$node_version/bin/node" "$new/bin/node"
  chmod 755 "$new" "$new/bin" "$new/lib"
  mv -T "$new" "$base/versions/$version"
  new=
}

# What an operator put there by hand becomes a version like any other.
take_over() {
  [ -L "$base/bin" ] && return
  if [ -e "$base/bin" ]; then
    mkdir -p "$base/versions/by-hand"
    [ ! -e "$base/lib" ] || mv "$base/lib" "$base/versions/by-hand/lib"
    ln -sfn versions/by-hand "$base/current"
    mv "$base/bin" "$base/versions/by-hand/bin" # last: by it a second try sees that there was a first
  fi
  ln -s current/bin "$base/bin"
}

point_to() { # version: in one step, so that there always is an agent
  ln -sfn "versions/$1" "$base/.current"
  mv -T "$base/.current" "$base/current"
  cp "$base/versions/$1/lib/novaless-agent.service" "$unit.new"
  chmod 644 "$unit.new"
  mv -T "$unit.new" "$unit"
  systemctl daemon-reload
}

# Whether this version was started and hears rings soon.
restart() { # version
  systemctl restart novaless-agent || return 1
  for _ in $(seq "${PATIENCE:-20}"); do # seconds
    runs "$1" && "$base/bin/novaless-agent" ring "$(cat /proc/sys/kernel/random/uuid)" --config "$config" > /dev/null 2>&1 && return
    sleep 1
  done
  return 1
}

# Keeps this version and the one before, with the Nodes that they use.
forget_others() { # the one before
  for each in "$base"/versions/* "$base"/versions/.new.*; do
    case ${each##*/} in "$version" | "$1") ;; *) rm -rf "$each" ;; esac
  done
  for each in "$base"/node/* "$base"/node/.new.*; do
    [ -e "$each" ] || continue
    used=
    for link in "$base"/versions/*/bin/node; do case $(readlink "$link") in */"${each##*/}"/bin/node) used=1 ;; esac done
    [ -n "$used" ] || rm -rf "$each"
  done
}

node=$base/node/$node_version
before=$(current)
if [ "$before" = "$version" ] && [ -L "$base/bin" ] && cmp -s "$base/current/lib/novaless-agent.service" "$unit" && { ! [ -e "$config" ] || runs "$version"; }; then
  say "$version is there already"
  exit 0
fi

unpack
take_over
before=$(current)
point_to "$version"
systemctl enable --quiet novaless-agent
if ! [ -e "$config" ]; then
  say "$version is installed; it starts when $config is there"
  forget_others "$before"
  exit 0
fi
if ! restart "$version"; then
  [ -z "$before" ] || [ "$before" = "$version" ] || { point_to "$before"; systemctl restart novaless-agent || true; }
  fail "$version did not come to hear rings${before:+; $before is in its place again}: see journalctl -u novaless-agent"
fi
[ "$before" != "$version" ] && forget_others "$before"
say "$version runs${before:+, after $before}"
