#!/bin/sh
# Downloads from a mirror on this computer; what was fetched is found by `run`.
. "$(dirname "$0")/lib.sh"
serve=$4
export no_proxy=127.0.0.1

# What there is.
expect 0 "$fdm" fetch --json
equal "$(jq -c '[group_by(.group)[] | [.[0].group, length]]' "$work/out")" \
    '[["datasets",3],["models",24],["newest",24]]' "the lists"
equal "$(jq '[.[] | select(.state != "absent")] | length' "$work/out")" 0 "an empty cache"
expect 0 "$fdm" fetch food-101/st_fdmobilenet_v1_224_tfs --dry-run --json
equal "$(jq length "$work/out")" 2 "int8 and float of one model"
expect 0 "$fdm" fetch food-101/st_fdmobilenet_v1_224_tfs --dry-run
says out "2 of 2 absent: "
expect 2 "$fdm" fetch flour
says err 'nothing is called "flour"'

# Terms are shown first, and nothing is fetched without a yes.
expect 2 "$fdm" fetch models --offline
says err "SLA0044"
says err "add --accept-licence"
expect 2 "$fdm" fetch food-101 --offline
says err "no licence is granted"
expect 1 "$fdm" fetch models --offline --accept-licence
says err "this is --offline"

# A world of our own, with its dataset as an archive.
"$3" "$work/world" 10 || fail "the test's world"
export FDM_DATA_DIR="$work/world/data"
mkdir -p "$work/site/tiny" "$FDM_DATA_DIR/downloads"
sed 's/"image_count":100000,"split":{[^}]*},/"image_count":20,/' "$FDM_DATA_DIR/datasets/tiny.json" \
    >"$work/tiny.json"
find "$work/world/images" -type f | wc -l >"$work/count"
sed "s/\"image_count\":20/\"image_count\":$(tr -d ' ' <"$work/count")/" "$work/tiny.json" \
    >"$FDM_DATA_DIR/datasets/tiny.json"
(cd "$work/world" && tar czf "$work/site/tiny.tgz" images)
cp "$work/world/models/small.tflite" "$work/site/"
sum=$(sha256sum <"$work/site/tiny.tgz" | cut -d' ' -f1)
manifest() { # manifest MAX_BYTES
    cat >"$FDM_DATA_DIR/downloads/x.json" <<END
{"group": "datasets", "files": [{"dataset": "tiny", "path": "tiny.tgz",
 "urls": ["http://127.0.0.1:9/tiny.tgz"], "bytes": $(wc -c <"$work/site/tiny.tgz"), "sha256": "$sum",
 "archive": {"images": "images", "max_bytes": $1, "max_entries": 100}}]}
END
}
"$serve" "$work/site" "$work/port" &
server=$!
trap 'kill -CONT "$server"; kill "$server"; rm -rf "$work"' EXIT
for try in 1 2 3 4 5 6 7 8 9 10; do [ -s "$work/port" ] || sleep 0.2; done
[ -s "$work/port" ] || fail "the server does not start ($try)"
mirror="http://127.0.0.1:$(cat "$work/port")"

expect 1 "$fdm" run --dataset tiny --models "$work/world/models"
says err "fdm-bench fetch tiny"
manifest 10
expect 1 "$fdm" fetch tiny --mirror "$mirror"
says err "expands to more than"
expect 0 "$fdm" cache list --json
equal "$(jq -c 'map(.kind)' "$work/out")" '["file"]' "nothing half unpacked"
manifest 1000000
# Ctrl-C is no failure, and the same command goes on. The server, stopped, keeps it waiting.
expect 0 "$fdm" cache prune --all
kill -STOP "$server"
"$fdm" fetch tiny --mirror "$mirror" --json >"$work/out" 2>"$work/err" &
pid=$!
for try in $(seq 600); do [ -n "$(ls "$work/.cache/fdm-bench/fetched/partial" 2>/dev/null)" ] || sleep 0.1; done
kill -INT "$pid"
code=0
wait "$pid" || code=$?
kill -CONT "$server"
equal "$code" 130 "exit code of an interrupted download ($(cat "$work/err"))"
equal "$(jq -r '.[0].state' "$work/out")" interrupted "its state"
says err "the same command continues"
# A mirror's query stays behind the path.
expect 0 "$fdm" fetch tiny --mirror "$mirror/?key=1" --json
equal "$(jq -r '.[0].state' "$work/out")" fetched state
images=$(jq -r '.[0].path' "$work/out")
[ -d "$images/oak" ] || fail "no images in $images"
expect 0 "$fdm" fetch tiny --offline --json
equal "$(jq -r '.[0].state' "$work/out")" there "the second time"

# `run` finds them.
expect 0 "$fdm" run --dataset tiny --models "$work/world/models" --json
equal "$(jq -r '.images' "$work/out")" 4 "a fifth of the 20 images: the validation part"
expect 3 "$fdm" run --dataset tiny --models "$work" --fresh --json
says out "fdm-bench fetch tiny/small"

# The cache: archive and tree; a lost image is noticed; the archive goes once it is unpacked.
expect 0 "$fdm" cache list --json
equal "$(jq -c 'map(.kind)' "$work/out")" '["file","unpacked"]' "cache list"
expect 0 "$fdm" cache verify
find -L "$images" -name '*.jpg' | head -n 1 | xargs rm
expect 1 "$fdm" cache verify --json
equal "$(jq -c 'map(.state)' "$work/out")" '["sound","damaged, removed"]' "cache verify"
expect 0 "$fdm" fetch tiny --offline --json
expect 0 "$fdm" cache prune --json
equal "$(jq -c 'map(.state)' "$work/out")" '["removed","kept"]' "cache prune"
expect 0 "$fdm" cache prune --all
expect 0 "$fdm" cache list --json
equal "$(jq length "$work/out")" 0 "everything pruned"

# Other commands fetch by themselves where they may, once the terms are accepted; else they name the command.
sed -i 's|^{"models"|{"base_url":"http://127.0.0.1:9/","licence":"T","models"|' "$FDM_DATA_DIR/models/tiny.json"
cat >"$FDM_DATA_DIR/downloads/licences.json" <<END
{"licences": [{"id": "T", "title": "Terms of the test", "url": "https://example.org/terms", "text": "Be kind."}]}
END
export FDM_MIRROR="$mirror"
expect 1 "$fdm" inspect small.tflite
says err '`fdm-bench fetch small.tflite`'
expect 1 "$fdm" bench small.tflite
says err '`fdm-bench fetch small.tflite`'
expect 1 "$fdm" explain small.tflite small.tflite --images "$work/world/images"
says err '`fdm-bench fetch small.tflite`'
expect 0 "$fdm" fetch small.tflite --dry-run
expect 1 "$fdm" run --dataset tiny
says err '`fdm-bench fetch tiny`'
expect 2 "$fdm" run --dataset tiny --fetch
says err "Terms of the test"
says err "add --accept-licence"
expect 0 "$fdm" cache list --json
equal "$(jq length "$work/out")" 0 "nothing without a yes"
expect 0 "$fdm" run --dataset tiny --fetch --accept-licence --fresh --json
equal "$(jq -r '.images' "$work/out")" 4 "images that the run fetched"
expect 0 "$fdm" inspect small.tflite --json
equal "$(jq -r .format "$work/out")" int8 "the model that the run fetched"
expect 0 "$fdm" cache prune --all
FDM_FETCH=1 expect 0 "$fdm" inspect small.tflite --json
equal "$(jq -r .sha256 "$work/out")" "$(sha256sum <"$work/site/small.tflite" | cut -d' ' -f1)" "fetched again"
grep -q "Terms of the test" "$work/err" && fail "terms that were accepted are asked for again"
# A folder of models that has not this one does not hide what was fetched.
mkdir "$work/none"
expect 0 "$fdm" run --images "tiny=$work/world/images" --models "$work/none" --fresh --json

# Files that came another way are checked, too.
expect 0 "$fdm" cache prune --all
mkdir "$work/saved"
tr a-z b-za <"$work/site/tiny.tgz" >"$work/saved/tiny.tgz"
expect 1 "$fdm" fetch tiny --offline --from "$work/saved"
says err "other bytes than expected"
expect 0 "$fdm" cache list --json
equal "$(jq length "$work/out")" 0 "nothing of a wrong file"
cp "$work/site/tiny.tgz" "$work/saved/"
expect 0 "$fdm" fetch tiny --offline --from "$work/saved" --json
equal "$(jq -r '.[0].received_bytes' "$work/out")" 0 "nothing over the network"
expect 0 "$fdm" cache verify

# Two at once share the work.
expect 0 "$fdm" cache prune --all
"$fdm" fetch tiny --json >"$work/one" 2>&1 &
one=$!
expect 0 "$fdm" fetch tiny --json
wait "$one" || fail "the other of two: $(cat "$work/one")"
expect 0 "$fdm" cache verify
