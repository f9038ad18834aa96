#!/bin/sh
# Each board that is no emulator has a page beside its JSON file, each page a board, and a page says whether hardware ran.
set -eu
cd targets/boards
bad=0
complain() {
    echo "targets/boards/$1"
    bad=1
}
for json in *.json; do
    id=${json%.json}
    grep -qE '"kind": *"(emulated|host)"' "$json" && continue
    [ -f "$id.md" ] || {
        complain "$id.json: no page $id.md"
        continue
    }
    [ "$(head -n 1 "$id.md")" = "# $id" ] || complain "$id.md: its title is not $id"
    grep -qF "[$id]($id.md)" README.md || complain "README.md: no link to $id.md"
    tr '\n' ' ' <"$id.md" | grep -qF 'run on hardware yet' && said=false || said=true
    grep -qE "\"hardware_tested\": *$said" "$json" || complain "$id.md: hardware_tested is not $said in $json"
done
for page in *.md; do
    [ "$page" = README.md ] || [ -f "${page%.md}.json" ] || complain "$page: no board ${page%.md}.json"
done
exit $bad
