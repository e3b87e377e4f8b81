# Sourced by the scripts that start the runner, after set_up.sh.
# Older MindSpore Lite, such as the one that build.sh downloads, reads only MINDIR version 1.

fail() {
    echo "error: $1" >&2
    exit "${2:-1}"
}

# Sets $model, $device and $device_id to the arguments of a script, whose `usage` says what is wrong with them.
use_model_and_device() {
    [ $# -ge 2 ] && [ $# -le 3 ] || usage "MINDIR_PATH and DEVICE_TYPE are needed"
    model=$1 device=$2 device_id=${3:-${DEVICE_ID:-0}}
    [[ $device =~ ^(Ascend|GPU|CPU)$ ]] || usage "DEVICE_TYPE must be Ascend, GPU or CPU, not '$device'"
    [[ $device_id =~ ^[0-9]+$ ]] || usage "DEVICE_ID must be a number, not '$device_id'"
    [ -f "$model" ] || fail "$model: no such file; export.py writes it"
}

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
