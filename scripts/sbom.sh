# shellcheck shell=bash
# shellcheck disable=SC2154 # variables cross the files: dev sources all of them
# ./dev sbom: the bill of materials. Sourced.

# sbom [FILE]: to standard output without a file.
sbom() {
  need_tool python3 python3 'the bill of materials'
  if (($# == 0)); then
    python3 "$root/scripts/sbom.py" "$root"
  else
    python3 "$root/scripts/sbom.py" "$root" > "$1" || die "$1 could not be written"
    say "$1"
  fi
}
