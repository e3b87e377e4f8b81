# Sourced by the scripts that start the runner, after set_up.sh.
# Older MindSpore Lite, such as the one that build.sh downloads, reads only MINDIR version 1.

own_runtime=${LITE_HOME:-${MS_LITE_HOME:-}}

# Finds an interpreter that can prepare inputs, and write MINDIR version 1 where that is certainly needed.
find_interpreter_of_runner() {
    if [ -n "$own_runtime" ]; then find_interpreter requirements.txt; else find_interpreter requirements.txt mindspore; fi
}

# Runs a command with a model that the runtime reads as last argument; in FOLDER, one is written if needed, for
# the type of device in $device:
#   with_readable_model MODEL FOLDER COMMAND...
with_readable_model() {
    local model=$1 lowered="$2/network.mindir" status=0 form=()
    shift 2
    if [ -n "$own_runtime" ]; then
        "$@" "$model" || status=$?
        [ "$status" -eq 4 ] || return "$status"
        echo "retrying with MINDIR version 1" >&2
    fi
    [ "$device" != CPU ] || form=(--for_cpu)
    # If that fails, the runner's own status takes precedence.
    "$python" "$root/src/deployment/lowering.py" "$model" "$lowered" ${form[@]+"${form[@]}"} || return $((status ? status : 1))
    status=0
    "$@" "$lowered" || status=$?
    rm "$lowered"
    return "$status"
}
