"""Compare the results of run_infer_cpp.sh with the same network in Python.

python scripts/compare_runner.py scripts --checkpoint semantic_hm_best.ckpt
"""

import sys
from pathlib import Path

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from src.common.command_line import run_command  # noqa: E402
from src.config_flags import config_of, make_parser  # noqa: E402


def main() -> None:
    """Read the command line and compare."""
    parser = make_parser(
        "Run the network in Python on the inputs of the C++ runner; print mean SAD and time of both and "
        "their largest difference, and write runner.csv and runner.png.",
        "python scripts/compare_runner.py scripts --checkpoint semantic_hm_best.ckpt",
    )
    parser.add_argument("folder", help="where run_infer_cpp.sh left its results")
    parser.add_argument("--checkpoint", required=True, help="the checkpoint that was exported")
    parser.add_argument(
        "--output", default=".", help="folder for the table and picture (default: the current folder)"
    )
    arguments = parser.parse_args()
    config = config_of(arguments)

    # MindSpore takes seconds to import; --help and a mistake in the configuration should not wait for it.
    from src.deployment.compare import compare
    from src.engines.engine import open_engine

    engine = open_engine(
        arguments.checkpoint,
        engine="mindspore",
        size=config.infer.size,
        device=config.export.device_target,
        otherwise=config.model_info(),
    )
    print(compare(engine, Path(arguments.folder), Path(arguments.output)).table())


if __name__ == "__main__":
    run_command(main)
