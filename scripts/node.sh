# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables cross the files: dev sources all of them
# Node and what runs in it. Sourced.

# need_tool COMMAND PACKAGE WHY: a program of Debian's, where it is missing. What needs it fails without it, in its own words.
need_tool() {
  ! command -v "$1" > /dev/null || return 0
  if may_install; then
    apt_install "$2" "$3" || die "$2 could not be installed; see above"
  else
    say "$1 is missing ($3): install the package $2 (as root)." >&2
  fi
}

# need_node_modules FOLDER: what its lock file says, once for each version of the lock file.
need_node_modules() {
  local folder=$1 log
  need_tool node nodejs 'browsers, and programs to compare with'
  need_tool npm npm 'browsers, and programs to compare with'
  ! cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed" || return 0
  say "Installing the Node packages of ${folder#"$root"/}…"
  log=$(mktemp)
  if ! npm ci --prefix "$folder" --ignore-scripts < /dev/null > "$log" 2>&1; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    die "the Node packages of ${folder#"$root"/} could not be installed; see above"
  fi
  rm -f "$log"
  cp "$folder/package-lock.json" "$folder/node_modules/.installed"
}
