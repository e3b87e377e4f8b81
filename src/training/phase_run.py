"""One phase of one training run: what all that serves it has in common."""

from dataclasses import dataclass
from pathlib import Path

from src.common.world import World
from src.config import Config, PhaseConfig
from src.systems.system import Phase, System


@dataclass(frozen=True)
class PhaseRun:
    """One phase of one training run.

    Args:
        system: what the phase belongs to.
        phase: what to train.
        config: the whole configuration, amp_level 'O0', 'O2' or 'O3'.
        data_folder: a data set made by src/generate_datasets.py.
        run_folder: the run's output; the phase writes into its sub folder.
        world: the processes that share the work; the first writes.
    """

    system: System
    phase: Phase
    config: Config
    data_folder: str
    run_folder: Path
    world: World

    @property
    def settings(self) -> PhaseConfig:
        """The phase's section of the configuration."""
        return self.config.phase(self.phase.name)

    @property
    def folder(self) -> Path:
        """The phase's own."""
        return self.run_folder / self.phase.name
