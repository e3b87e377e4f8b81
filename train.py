"""Train Semantic Human Matting.

    python train.py --yaml_path=./config.yaml --data_url=DIR --train_url=DIR [--init_weight=FILE]

If run again with the same command, it resumes after the last saved epoch.
"""

import contextlib
from pathlib import Path

from src.common.command_line import run_command
from src.common.folder_lock import locked
from src.common.stopping import StopRequest
from src.config import CommonConfig
from src.config_flags import config_of, make_parser


def train(
    *,
    config: CommonConfig,
    data_folder: str | Path,
    output_folder: str | Path,
    init_weight: str | Path | None = None,
) -> Path:
    """Train the phases of `config.train_phases` one after the other.

    In a notebook: train(config=load_config("config.yaml"), data_folder="datasets", output_folder="output")

    Args:
        config: the configuration.
        data_folder: a data set made by src/generate_datasets.py.
        output_folder: where single/<ckpt_version>/ (distribute/ with several processes) is created, with
            checkpoints, logs, curves and events.
        init_weight: a checkpoint to start from, or None.

    Returns:
        The folder of the run.

    Raises:
        UserError: data, weights or the configuration cannot be used, or training has diverged.
        StoppedError: a signal stopped the run; its state is saved.
    """
    with StopRequest() as stop:
        return _train(config, str(data_folder), output_folder, init_weight and str(init_weight), stop)


def _train(
    config: CommonConfig,
    data_folder: str,
    output_folder: str | Path,
    init_weight: str | None,
    stop: StopRequest,
) -> Path:
    # MindSpore takes seconds to import; --help and a mistake in the configuration should not wait for it.
    from src.common.device import use_device
    from src.common.world import join_world
    from src.systems.registry import get_system
    from src.training.phase import train_phase
    from src.training.phase_run import PhaseRun
    from src.training.precision import resolve_amp_level

    system = get_system(config.system)
    device = use_device(config.device_target, save_graphs=config.saveIRFlag)
    world = join_world()
    amp_level = resolve_amp_level(config.amp_level, device)
    run_folder = Path(output_folder, "distribute" if world.size > 1 else "single", config.ckpt_version)
    processes = {"rank": world.rank, "group_size": world.size}
    used = config.model_copy(update={"device_target": device, "amp_level": amp_level, **processes})
    print(
        f"training on {device}, process {world.rank + 1} of {world.size}, amp_level {amp_level}, "
        f"output in {run_folder}"
    )
    with locked(run_folder) if world.is_first else contextlib.nullcontext():
        for name in config.train_phases:
            phase = system.phases[name]
            phase = phase.adapt(phase, used.phase(name))
            run = PhaseRun(system, phase, used, data_folder, run_folder, world)
            train_phase(run, init_weight, stop)
    return run_folder


def main() -> None:
    """Read the command line and train."""
    parser = make_parser(
        "Train T-Net, M-Net and the end-to-end network, in the order of train_phases in the configuration. "
        "If run again with the same command, it resumes after the last saved epoch.",
        "python train.py --yaml_path=./config.yaml --data_url=/cache/datasets --train_url=/cache/output",
    )
    parser.add_argument(
        "--data_url", metavar="DIR", required=True, help="data set, such as src/generate_datasets.py makes"
    )
    parser.add_argument("--train_url", metavar="DIR", required=True, help="output folder")
    parser.add_argument("--init_weight", metavar="FILE", help="checkpoint to start from")
    arguments = parser.parse_args()
    train(
        config=config_of(arguments),
        data_folder=arguments.data_url,
        output_folder=arguments.train_url,
        init_weight=arguments.init_weight,
    )


if __name__ == "__main__":
    run_command(main)
