#!/usr/bin/env bash
# A compiler launcher for CMake: the project and its copies compile the same code, with the same options, only once.
#   compile_once.sh COMPILER ARGUMENT...
# The objects lie in .pytest_cache. Of paths, which differ from copy to copy, only what the compiler read counts. Copies
# do not optimise, which takes most of the time, but take what the project, with OPTIMISED=1, has compiled.
set -euo pipefail

compiled_once="$(dirname "$(dirname "${BASH_SOURCE[0]}")")/.pytest_cache/compiled_once"
options=() preprocess=() object=
previous=
[ -n "${OPTIMISED:-}" ] || set -- "${@/#-O3/-O0}"
for argument in "$@"; do
    case $previous in
        -o) object=$argument ;;
        *) [ "$argument" = -o ] || { [ "$argument" = -c ] && preprocess+=(-E -P) || preprocess+=("$argument"); } ;;
    esac
    [[ $argument == */* || $argument == -O? ]] || options+=("$argument")
    previous=$argument
done
if [[ $object != *.o ]]; then exec "$@"; fi

mkdir -p "$compiled_once"
room=$(mktemp -d "$compiled_once/XXXXXX")
trap 'rm -rf "$room"' EXIT
"${preprocess[@]}" -O0 -o "$room/source"  # and the file of dependencies; headers depend on -O
key=$(printf '%s\n' "${options[@]}" | cat - "$room/source" | sha256sum | cut -d' ' -f1)
if [ ! -e "$compiled_once/$key.o" ]; then
    "$@"
    cp "$object" "$room/object"
    mv "$room/object" "$compiled_once/$key.o"
fi
cp "$compiled_once/$key.o" "$object"
