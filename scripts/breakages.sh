# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables cross the files: dev sources all of them
# ./dev faults breakages: the product with one deliberate mistake after another, each of which the harness has to catch. Sourced.

# field NAME FILE: what a breakage says of itself, above its patch.
field() { sed -n "s/^$1: //p" "$2" | head -n 1; }

# A copy of the sources, in which every mistake is made and unmade: what is built here stays as it is. Not below this folder, where it would be taken for a part of it.
copy_sources() {
  local copy=$1
  mkdir -p "$copy"
  tar -C "$root" --exclude=./.git --exclude=./.data --exclude=bin --exclude=obj --exclude=node_modules -cf - . | tar -C "$copy" -xf -
}

# patch_copy COPY PATCH [-R]: git finds no repository there, and so touches nothing else.
patch_copy() { (cd "$1" && GIT_CEILING_DIRECTORIES=$(dirname "$1") git apply "${@:3}" "$2"); }

# breakage COPY PATCH SEED: red is what it has to be.
breakage() {
  local copy=$1 patch=$2 seed=$3 name scenario breaks log found status=0
  name=$(basename "$patch" .patch) scenario=$(field Scenario "$patch") breaks=$(field Breaks "$patch") log=$data/breakages/$(basename "$patch" .patch).log
  patch_copy "$copy" "$patch" || die "$patch does not fit the sources any more"
  dotnet build "$copy/Notifier.Worker" -v:q -nologo -nodeReuse:false -p:TreatWarningsAsErrors=false -p:RunAnalyzers=false < /dev/null > "$log" 2>&1 \
    || die "$name does not build; see $log"
  harness "$copy/Notifier.Worker" "$data/breakages/faults" --seed "$seed" --again 0 "$scenario" > "$log" 2>&1 || status=$?
  patch_copy "$copy" "$patch" -R
  found=$(sed -n "s/^invariant: $breaks = //p" "$log")
  if ((status != 0)) && [[ -n $found && $found != 0 ]]; then
    say "breakage: $name = red ($scenario: $breaks = $found)"
  else
    say "breakage: $name = not caught ($scenario, status $status, $breaks = ${found:-nothing}; see $log)"
    return 1
  fi
}

# breakages [--seed N] [NAME…]
breakages() {
  local seed=7 names=() patches=() name patch scratch copy failed=0
  while (($# > 0)); do
    case $1 in
      --seed) seed=$2 && shift ;;
      *) names+=("$1") ;;
    esac
    shift
  done
  command -v git > /dev/null || die "git is missing: it applies the patches"
  for name in "${names[@]}"; do [[ -f $root/Notifier.Faults/Breakages/$name.patch ]] || die "there is no breakage $name; there are: $(cd "$root/Notifier.Faults/Breakages" && echo *.patch)"; done
  for name in "${names[@]}"; do patches+=("$root/Notifier.Faults/Breakages/$name.patch"); done
  ((${#patches[@]} > 0)) || patches=("$root"/Notifier.Faults/Breakages/*.patch)
  scratch=$(mktemp -d) copy=$scratch/sources
  # shellcheck disable=SC2064 # of now: the variable is gone at the end
  trap "rm -rf '$scratch'" EXIT
  mkdir -p "$data/breakages"
  copy_sources "$copy"
  for patch in "${patches[@]}"; do breakage "$copy" "$patch" "$seed" || failed=$((failed + 1)); done
  say "${#patches[@]} breakages, $failed not caught"
  ((failed == 0))
}
