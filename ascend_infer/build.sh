#!/usr/bin/env bash
# Builds the runner, ascend_infer/build/shm_infer, if anything has changed:
#   bash ascend_infer/build.sh [CPU | Ascend | GPU]
# Uses MindSpore Lite from LITE_HOME or MS_LITE_HOME (an unpacked release archive). If neither is set, CPU (the
# default) uses a package that is downloaded once into .cache.
# Exit status: 0; 5 if a tool or the package is missing; 1 for other errors.
set -euo pipefail
unset CDPATH
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
source "$root/scripts/set_up.sh"

build="$here/build"
fetched="$root/.cache/mindspore-lite-2.0.0"

fail() {
    echo "error: $1" >&2
    exit "${2:-1}"
}
missing=5

# Downloads and unpacks the package, then moves it into place in one step.
fetch_runtime() {
    [ ! -d "$fetched" ] || return 0
    "$python" -m pip --version >/dev/null 2>&1 || python=python3
    "$python" -m pip --version >/dev/null 2>&1 || set_up requirements.txt
    local room="$root/.cache/partial"  # a fixed name is safe: this script holds a lock
    rm -rf "$room"
    mkdir -p "$room"
    echo "downloading MindSpore Lite 2.0.0 for CPU (169 MB, 490 MB unpacked) into ${fetched#"$root/"}"
    # The only wheel for x86-64 is tagged for Python 3.7, but its C++ part does not depend on that.
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
        --python-version 3.7 --require-hashes --requirement "$here/runtime.txt" --dest "$room" ||
        fail "MindSpore Lite could not be downloaded, see pip's message above; set LITE_HOME to an unpacked release \
archive of MindSpore Lite" $missing
    "$python" -m zipfile -e "$room"/*.whl "$room/unpacked" 2>/dev/null ||
        fail "MindSpore Lite could not be unpacked into $root/.cache; make room"
    mv -T "$room/unpacked/mindspore_lite" "$fetched"
    rm -rf "$room"
}

# Sets the variables that CMakeLists.txt needs.
find_runtime() {
    local home=${LITE_HOME:-${MS_LITE_HOME:-}}
    if [ -n "$home" ]; then
        home=$(cd "$home" 2>/dev/null && pwd) || fail "LITE_HOME (or MS_LITE_HOME): no such folder: ${LITE_HOME:-$MS_LITE_HOME}"
        include="$home/runtime"
        library="$home/runtime/lib/libmindspore-lite.so"
        library_path="$home/runtime/lib;$home/runtime/third_party/dnnl;$home/runtime/third_party/glog"
        library_path+=";$home/tools/converter/lib"
        old_abi=OFF
    elif [ "$device" = CPU ]; then
        fetch_runtime
        include=$fetched
        library="$fetched/lib/libmindspore-extendrt_python.so"
        library_path="$fetched/lib"
        old_abi=ON
    else
        fail "$device needs MindSpore Lite built for it: set LITE_HOME to an unpacked release archive"
    fi
    [ -f "$include/include/api/model.h" ] && [ -f "$library" ] ||
        fail "${home:-$fetched}: ${library##*/} or include/api/model.h is missing; is it a release archive of \
MindSpore Lite for this machine?"
}

device=${1:-CPU}
[[ $device =~ ^(Ascend|GPU|CPU)$ ]] || fail "the device must be Ascend, GPU or CPU, not '$device'"
for program in cmake make g++; do
    command -v "$program" >/dev/null ||
        fail "building the runner needs $program (Debian, Ubuntu: apt install cmake make g++)" $missing
done
mkdir -p "$build"
exec 9<"$build"
flock -n 9 || { echo "waiting for another build to finish"; flock 9; }
find_runtime
# A copied or moved checkout still has the old paths in its cache.
grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$here" "$build/CMakeCache.txt" 2>/dev/null ||
    rm -rf "$build/CMakeCache.txt" "$build/CMakeFiles"
if ! {
    cmake -S "$here" -B "$build" -DLITE_INCLUDE="$include" -DLITE_LIBRARY="$library" \
        -DLITE_LIBRARY_PATH="$library_path" -DLITE_OLD_ABI=$old_abi && cmake --build "$build" --parallel "$(nproc)"
} >"$build/build.log" 2>&1; then
    tail -n 20 "$build/build.log" >&2
    fail "the runner could not be built; see $build/build.log"
fi
