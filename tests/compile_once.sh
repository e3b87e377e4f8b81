#!/usr/bin/env bash
# A compiler launcher for CMake: copies of the project compile the same code, with the same options, only once,
# and not optimised, which takes most of the time.
#   compile_once.sh COMPILER ARGUMENT...
# The objects lie in COMPILED_ONCE. Of paths, which differ from copy to copy, only what the compiler read counts.
set -euo pipefail

options=() preprocess=() object=
previous=
set -- "${@/#-O3/-O0}"
for argument in "$@"; do
    case $previous in
        -o) object=$argument ;;
        *) [ "$argument" = -o ] || { [ "$argument" = -c ] && preprocess+=(-E -P) || preprocess+=("$argument"); } ;;
    esac
    [[ $argument == */* ]] || options+=("$argument")
    previous=$argument
done
if [[ $object != *.o ]]; then exec "$@"; fi

mkdir -p "$COMPILED_ONCE"
room=$(mktemp -d "$COMPILED_ONCE/XXXXXX")
trap 'rm -rf "$room"' EXIT
"${preprocess[@]}" -o "$room/source"  # and the file of dependencies
key=$(printf '%s\n' "${options[@]}" | cat - "$room/source" | sha256sum | cut -d' ' -f1)
if [ ! -e "$COMPILED_ONCE/$key.o" ]; then
    "$@"
    cp "$object" "$room/object"
    mv "$room/object" "$COMPILED_ONCE/$key.o"
fi
cp "$COMPILED_ONCE/$key.o" "$object"
