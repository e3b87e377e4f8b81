# Sourced by the other scripts. `set_up requirements.txt` makes .venv with these packages, once; afterwards
# $python is its interpreter. $root is the repository.

unset CDPATH  # cd would print where it went
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
        "and found none of them on the PATH" >&2
    return 1
}

# Sets $python: .venv's or the one on the PATH (on a board, say), whichever has what images and configuration
# need, and with `find_interpreter mindspore` (or more packages) that too; else that of a new .venv.
find_interpreter() {
    local needs='cv2, numpy, PIL, pydantic, tqdm, yaml; from importlib.util import find_spec' package candidate
    for package in "$@"; do needs+="; assert find_spec('$package')"; done
    for candidate in "$python" python3; do
        if _is_suitable "$candidate" "$needs"; then
            python=$candidate
            return
        fi
    done
    set_up requirements.txt
}

# An environment that works is kept, whoever made it; one that does not start (half made, or copied from elsewhere)
# is made anew.
_make_environment() {
    if ! "$python" -c "" 2>/dev/null; then
        "$1" -m venv --clear "$root/.venv"
    elif ! _is_suitable "$python" pip; then
        "$python" -m ensurepip >/dev/null
    fi
}

set_up() {
    local requirements=$1 stamp found
    stamp="$root/.venv/installed-$requirements"
    # The stamp is written last and holds what was installed, so that a killed or outdated set-up is done again.
    if _is_suitable "$python" pip && cat "$root"/requirements*.txt | cmp -s - "$stamp"; then
        return
    fi
    if "$python" -c "" 2>/dev/null && ! _is_suitable "$python" sys; then
        echo "error: $root/.venv has another Python than 3.10, 3.11 or 3.12; move it away" >&2
        return 1
    fi
    found=$(_find_python) || return
    echo "setting up .venv with $("$found" --version), packages of $requirements (about 3 GB, some minutes)"
    _make_environment "$found" || return
    if ! "$python" -m pip install --quiet --disable-pip-version-check -r "$root/$requirements"; then
        echo "error: the packages of $requirements could not be installed; see pip's message above" >&2
        return 1
    fi
    echo "compiling what estimates foreground colours, once (about a minute)"
    "$python" -c "import pymatting" || echo "warning: that failed; predict.py needs it" >&2
    cat "$root"/requirements*.txt >"$stamp"
}
