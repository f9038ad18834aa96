#!/bin/sh
# The known answers of both splits for the three datasets, by n alone.
. "$(dirname "$0")/lib.sh"

check() { # check N SCHEME VALIDATION SUM SHA256
    expect 0 "$fdm" split --n "$1" --scheme "$2" --json
    equal "$(jq -c '[.n, .validation, .validation_sum, .permutation_sha256]' "$work/out")" \
        "[$1,$3,$4,\"$5\"]" "split $2 of $1"
}
check 3670 st 734 1342694 172b61ed0f20f55c9938a22e694aa5c914301407d166a75a5147ea5442a73b21
check 55448 st 11090 307766690 a421795767bd021d70d60725e2726f753193221327bd93bed0283a68e8407ea1
check 101000 st 20200 1017702865 8bcc0dc61d2e016e2f7fa61947f9d4f14be4bead1f61b0e2841ffc04fb93a860
check 3670 keras 734 1366784 0b5d227c1feca5b655e89fa971529b958dc646e9cf43c79ea182e651985f5cfc

printf 'b/2\na/1\n\na/0\n' >"$work/names"
expect 0 "$fdm" split --names "$work/names" --list --json
equal "$(jq -r '.n' "$work/out")" 3 "names are counted"
expect 2 "$fdm" split
says err "either --n, the number of images, or --names"
expect 2 "$fdm" split --n 0
says err "whole number from 1"
expect 2 "$fdm" split --n 5 --scheme random
says err "neither st nor keras"
