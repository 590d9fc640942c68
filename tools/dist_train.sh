#!/usr/bin/env bash
# Train with several processes, one per GPU, or on the CPU when there is no GPU:
#
#   tools/dist_train.sh CONFIG PROCESSES [options of tools/train.py]
#
# Environment: see torchrun.sh.
set -euo pipefail

(( $# >= 2 )) || { echo "usage: $0 CONFIG PROCESSES [options of tools/train.py]" >&2; exit 2; }
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
exec "$here/torchrun.sh" "$2" "$here/train.py" "$1" "${@:3}"
