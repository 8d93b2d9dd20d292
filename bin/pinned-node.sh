#!/bin/sh
# As pinned-node.js, without leaving a Node of the machine's behind as a parent: this shell becomes the pinned Node.
# usage: sh bin/pinned-node.sh FILE [ARG ...]
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
case $(uname -m) in x86_64) processor=x64 ;; aarch64 | arm64) processor=arm64 ;; *) processor=none ;; esac
node=$root/node_modules/node-linux-$processor/bin/node
[ "$(uname -s)" = Linux ] && [ -x "$node" ] || exec node "$root/bin/pinned-node.js" "$@"
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE-$root/dist/compile-cache}"
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX-2}" MALLOC_TRIM_THRESHOLD_="${MALLOC_TRIM_THRESHOLD_-131072}"
exec "$node" --disable-warning=ExperimentalWarning --memory-reducer-gc-count=1 "$@" # as pinned-node.js says
