"""A body of any shape in any pose: MakeHuman's, moved by Anny (Brégier et al. 2025, arXiv 2511.03589)."""

import contextlib
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.common.cache_folders import use_cache_folder
from src.common.errors import UserError

BODY, HAIR, SKIRT = "body", "helper-hair", "helper-skirt"  # names of the mesh's parts
EYES = ("helper-l-eye", "helper-r-eye")


class Figure(NamedTuple):
    """A body at rest, standing with its arms half raised, and in a pose; metres, x to its left, y back, z up.

    At rest, the feet of all shapes are at the same height.

    Args:
        rest: vertices at rest, (V, 3).
        posed: vertices in the pose, (V, 3), moved so that the pelvis is where the axes meet.
        joints: where each bone begins at rest, (3,) each.
    """

    rest: np.ndarray
    posed: np.ndarray
    joints: Mapping[str, np.ndarray]


class Body:
    """The mesh and its skeleton; made once, it gives figures.

    Args:
        triangles: of each part, three vertices each, (T, 3).
        bones: of each vertex, the name of the bone that moves it most, (V,).
        shape_names: what a shape consists of.
    """

    def __init__(self) -> None:
        anny = _import_anny()
        # Vertices of clothes and hair are no part of the body's faces.
        topology = anny.models.model_data.TopologyConfig(
            base_mesh="makehuman", nudity_edits=False, remove_unattached_vertices=False
        )
        # Plain skinning gives the same on every machine; Warp's starts with a banner.
        with _explaining_the_cache(anny):
            self._model = anny.Anny(topology=topology, skinning_method="lbs")
        self.triangles = _read_triangles(anny)
        strongest = self._model.vertex_bone_weights.argmax(dim=1, keepdim=True)
        labels = np.array(self._model.bone_labels)
        self.bones = labels[self._model.vertex_bone_indices.gather(1, strongest)[:, 0].numpy()]
        self.shape_names: tuple[str, ...] = tuple(self._model.phenotype_labels)

    def figure(self, shape: Mapping[str, float], pose: Mapping[str, np.ndarray]) -> Figure:
        """A body of a shape in a pose.

        Args:
            shape: value of each of `shape_names`, 0 to 1.
            pose: rotation of bones, (3, 3) each, in the axes of `Figure`, within the turned bone before.
        """
        import torch

        moved = {}
        for bone, rotation in pose.items():
            matrix = torch.eye(4)[None]
            matrix[0, :3, :3] = torch.from_numpy(rotation)
            moved[bone] = matrix
        with torch.inference_mode():
            output = self._model(pose_parameters=moved or None, phenotype_kwargs=dict(shape))
        heads = output["rest_bone_heads"][0].double().numpy()
        joints = dict(zip(self._model.bone_labels, heads, strict=True))
        return Figure(*(output[key][0].double().numpy() for key in ("rest_vertices", "vertices")), joints)


@functools.cache
def load_body() -> Body:
    """The body, loaded once in a process.

    Raises:
        UserError: the package `anny` is missing, or its cache is damaged or cannot be written.
    """
    return Body()


def _import_anny():
    try:
        use_cache_folder("ANNY_CACHE_DIR", Path("~/.cache/anny").expanduser())
        import anny.models.model_data
        import anny.utils.obj_utils
    except RuntimeError as error:  # anny looks for it, too
        raise UserError(f"rendering people: {error}; set HOME to a folder") from error
    except ImportError as error:
        raise UserError(
            f"rendering people needs the package anny, which cannot be imported ({error}): "
            "pip install anny==0.6.2"
        ) from error
    return anny


@contextlib.contextmanager
def _explaining_the_cache(anny) -> Iterator[None]:
    """Name the folder in which Anny keeps what it has prepared, where that cannot be read or written.

    A run that is killed, or has no room, while it is written leaves files that are cut off.
    """
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{anny.paths.get_anny_cache_path()}: what Anny keeps there cannot be read or written ({error}); "
            "remove this folder, and the next run makes it again"
        ) from error


def _read_triangles(anny) -> dict[str, np.ndarray]:
    file = anny.paths.get_anny_root_dir() / "data/mpfb2/3dobjs/base.obj"
    groups = anny.utils.obj_utils.load_obj_file(str(file))[2]
    triangles = {}
    for part in (BODY, HAIR, SKIRT, *EYES):
        quads = np.asarray(groups[part]["face_vertex_indices"])
        triangles[part] = np.vstack((quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]))
    return triangles
