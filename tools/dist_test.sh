#!/usr/bin/env bash
# Test with several processes, one per GPU, or on the CPU when there is no GPU:
#
#   tools/dist_test.sh CONFIG CHECKPOINT PROCESSES [options of tools/test.py]
#
# Environment: see torchrun.sh.
set -euo pipefail

(( $# >= 3 )) || { echo "usage: $0 CONFIG CHECKPOINT PROCESSES [options of tools/test.py]" >&2; exit 2; }
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
exec "$here/torchrun.sh" "$3" "$here/test.py" "$1" "$2" "${@:4}"
