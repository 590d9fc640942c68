#!/usr/bin/env bash
# Runs one tool in several processes; dist_train.sh and dist_test.sh call it:
#
#   tools/torchrun.sh PROCESSES TOOL [options of the tool]
#
# Environment: OMP_NUM_THREADS (default: this machine's cores divided by PROCESSES), PYTHON (default: python), and for
# several machines NNODES, NODE_RANK, MASTER_ADDR, PORT (default 29500). One machine picks a free port by itself.
set -euo pipefail

processes="$1"
tool="$2"
shift 2
[[ "$processes" =~ ^[1-9][0-9]*$ ]] || { echo "error: PROCESSES must be a number, not '$processes'" >&2; exit 2; }

threads=$(( $(nproc) / processes ))
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-$(( threads > 0 ? threads : 1 ))}"

if (( ${NNODES:-1} > 1 )); then
    where=(--nnodes "$NNODES" --node_rank "${NODE_RANK:?number of this machine, from 0}"
           --master_addr "${MASTER_ADDR:?address of machine 0}" --master_port "${PORT:-29500}")
elif [[ -n "${PORT:-}" ]]; then
    where=(--nnodes 1 --master_addr 127.0.0.1 --master_port "$PORT")
else
    where=(--standalone)
fi

exec "${PYTHON:-python}" -m torch.distributed.run "${where[@]}" --nproc_per_node "$processes" \
    "$tool" --launcher pytorch "$@"
