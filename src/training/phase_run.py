"""The parameters of one phase of a training run."""

from dataclasses import dataclass
from pathlib import Path

from src.common.world import World
from src.config import CommonConfig, PhaseSettings
from src.systems.system import Phase, System


@dataclass(frozen=True)
class PhaseRun:
    """One phase of a training run.

    Args:
        system: the system that the phase belongs to.
        phase: the phase to train.
        config: the whole configuration, with amp_level resolved to 'O0', 'O2' or 'O3'.
        data_folder: a data set made by src/generate_datasets.py.
        run_folder: the run's output folder; the phase writes into a subfolder of it.
        world: the processes that share the work; only the first writes.
    """

    system: System
    phase: Phase
    config: CommonConfig
    data_folder: str
    run_folder: Path
    world: World

    @property
    def settings(self) -> PhaseSettings:
        """The phase's section of the configuration."""
        return self.config.phase(self.phase.name)

    @property
    def folder(self) -> Path:
        """The phase's output folder."""
        return self.run_folder / self.phase.name
