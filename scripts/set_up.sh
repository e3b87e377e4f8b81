# Sourced by the other scripts. $root is the repository; `set_up requirements.txt` creates .venv with these packages
# once, and $python is its interpreter.

unset CDPATH  # with it, cd may print the folder
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python="$root/.venv/bin/python"

_is_suitable() {
    "$1" -c "import sys, $2; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))" 2>/dev/null
}

_find_python() {
    local candidate
    for candidate in python3.12 python3.11 python3.10 python3 python; do
        if _is_suitable "$candidate" 'venv, ensurepip'; then
            echo "$candidate"
            return
        fi
    done
    echo "error: needs Python 3.10, 3.11 or 3.12 with its venv module (Debian, Ubuntu: apt install python3-venv)," \
        "but found none on the PATH" >&2
    return 1
}

# Sets $python to .venv's interpreter or the python3 on the PATH (on a board, for example): the first that has the
# packages needed for images and configuration, not too old, and those given as further arguments; 'a|b' is either of
# two. If neither does, sets up .venv:
#   find_interpreter requirements.txt mindspore
find_interpreter() {
    local requirements=$1 package candidate
    local needs='cv2, numpy, PIL, pydantic, tqdm, yaml; from importlib.util import find_spec'
    needs+='; from PIL.Image import Image; Image.has_transparency_data'  # Pillow 10.1
    needs+='; from pydantic import model_validator'                      # pydantic 2
    shift
    for package in "$@"; do needs+="; assert any(map(find_spec, '$package'.split('|')))"; done
    for candidate in "$python" python3; do
        if _is_suitable "$candidate" "$needs"; then
            python=$candidate
            return
        fi
    done
    set_up "$requirements"
}

# A working environment is kept, whoever created it; one that does not start (half created, or copied from elsewhere)
# is created again.
_make_environment() {
    if ! "$python" -c "" 2>/dev/null; then
        "$1" -m venv --clear "$root/.venv"
    elif ! _is_suitable "$python" pip; then
        "$python" -m ensurepip >/dev/null
    fi
}

set_up() {
    local requirements=$1 stamp found size
    stamp="$root/.venv/installed-$requirements"
    # The stamp lists what was installed and is written last, so that an interrupted or outdated set-up is repeated.
    if _is_suitable "$python" pip && cat "$root"/requirements*.txt | cmp -s - "$stamp"; then
        return
    fi
    if "$python" -c "" 2>/dev/null && ! _is_suitable "$python" sys; then
        echo "error: $root/.venv must have Python 3.10, 3.11 or 3.12; move it away" >&2
        return 1
    fi
    found=$(_find_python) || return
    case $requirements in
        requirements-predict.txt) size="about 0.5 GB, half a minute" ;;
        *) size="about 3 GB, a few minutes" ;;
    esac
    echo "setting up .venv with $("$found" --version) and the packages of $requirements ($size)"
    _make_environment "$found" || return
    # Python compiles modules when they are first imported; pip would compile all, used or not.
    if ! "$python" -m pip install --quiet --disable-pip-version-check --no-compile -r "$root/$requirements"; then
        echo "error: the packages of $requirements could not be installed; see pip's message above" >&2
        return 1
    fi
    cat "$root"/requirements*.txt >"$stamp"
}
