"""The runner's files of composites with plates: inputs for it, and mattes from its outputs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from src.common.atomic_file import atomic_folder, write_bytes
from src.common.errors import UserError
from src.common.progress import track
from src.data.plate_composites import PlateComposite
from src.deployment.runner_files import InputFiles, OutputError, read_float32, sample_name
from src.description.plate_form import PlateForm
from src.engines.plate_engine import form_of_export
from src.images.files import ImageError
from src.plates.matting import finish, prepare


def form_of_model(model: str | None) -> PlateForm:
    """What the model of the option --model was exported for.

    Raises:
        UserError: the option is missing, or the file does not say it, or is for any size.
    """
    if model is None:
        raise UserError("--model is needed with plates: the exported model, which determines the size")
    form = form_of_export(Path(model))
    if form.takes_any_size:
        raise UserError(f"{model}: takes photos of any size, which the runner cannot; export one of a size")
    return form


class RunnerPlateFiles:
    """The runner's files of some composites, for one model.

    Args:
        composites: in an order that both programs share.
        inputs: the folder preprocess_Result, whose img_data/<name>.bin holds photo and plate, each
            (1, 3, H, W) float32.
        outputs: the folder result_Files, with <name>_0.bin, alpha (1, 1, H, W), and <name>_1.bin, foreground
            (1, 3, H, W).
        form: what the model was exported for.
    """

    def __init__(self, composites: Sequence[PlateComposite], inputs: Path, outputs: Path, form: PlateForm):
        self._names = {
            each: sample_name(number, each.file("image")) for number, each in enumerate(composites)
        }
        self._inputs, self._outputs = inputs, outputs
        self._room = form.height, form.width

    def write_inputs(self) -> list[str]:
        """Write the inputs; an existing folder is replaced as a whole.

        Returns:
            A line for each composite that could not be read.

        Raises:
            UserError: none can be read, or the folder cannot be written.
        """
        skipped = []
        with atomic_folder(self._inputs) as temporary:
            files = InputFiles(temporary)
            for composite, name in track(self._names.items(), "preparing", "image", len(self._names)):
                try:
                    pictures = composite.read()
                except ImageError as error:
                    skipped.append(str(error))
                    continue
                inputs = prepare(pictures["image"], pictures["plate"], self._room).inputs
                write_bytes(files.network_input(name), b"".join(each.tobytes() for each in inputs))
            if len(skipped) == len(self._names):
                raise UserError(f"no composite can be read, the first: {skipped[0]}")
        return skipped

    def matte(
        self, composite: PlateComposite, photo: np.ndarray, plate: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Alpha and foreground, as `PlateMatting.predict` returns them, from the runner's outputs.

        Raises:
            ImageError: one is missing, or of another size.
        """
        name = self._names[composite]
        try:
            alpha = read_float32(self._outputs / f"{name}_0.bin", (1, 1, *self._room))
            foreground = read_float32(self._outputs / f"{name}_1.bin", (1, 3, *self._room))
        except OutputError as error:
            raise ImageError(str(error)) from None
        return finish(photo, prepare(photo, plate, self._room), alpha, foreground)
