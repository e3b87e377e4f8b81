"""Matte a folder on a Ray cluster, or on the cores of this machine: each task takes one shard.

python scripts/predict_with_ray.py photos/ mattes/
RAY_ADDRESS=auto python scripts/predict_with_ray.py /shared/photos /shared/mattes --shards 64
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # `src` lies there

from src.common.command_line import SKIPPED_STATUS, run_command  # noqa: E402
from src.common.counts import positive  # noqa: E402
from src.common.errors import UserError  # noqa: E402
from src.common.process_pool import available_cores  # noqa: E402
from src.prediction.predict import predict  # noqa: E402
from src.prediction.shard import Shard  # noqa: E402


def main() -> int:
    """Read the command line and matte."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("photos", metavar="DIR", type=Path, help="photos; every machine must see this folder")
    parser.add_argument("output", metavar="DIR", type=Path, help="folder of the results, likewise")
    parser.add_argument(
        "--shards", type=positive, default=available_cores(), help="default: one for each core"
    )
    arguments = parser.parse_args()
    try:
        import ray  # takes seconds
    except ImportError:
        raise UserError(f"this needs Ray, which {sys.executable} does not have: pip install ray") from None
    ray.init(include_dashboard=False, runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}})
    matte = ray.remote(predict)  # Ray repeats it where its process is killed; what is done is not done again
    tasks = [
        matte.remote(
            [arguments.photos.resolve()],
            output=arguments.output.resolve(),
            shard=Shard(number, arguments.shards),
        )
        for number in range(1, arguments.shards + 1)
    ]
    try:
        return SKIPPED_STATUS if any(ray.get(tasks)) else 0
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None  # a UserError, say, whose message is enough


if __name__ == "__main__":
    run_command(main)
