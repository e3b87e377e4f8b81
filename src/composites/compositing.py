"""New training pictures of people: other backgrounds, passers-by, places, sizes, light, noise.

What is drawn at random comes from one generator, so a picture can be made again.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from src.composites.camera import take_photo
from src.composites.framing import draw_frame
from src.composites.light import change_light, tint_like
from src.composites.person import Person, Scene
from src.composites.placement import Place, draw_place, draw_place_behind, draw_place_of, draw_row
from src.composites.shadow import add_contact_shadow
from src.images.blending import blend

Layer = tuple[np.ndarray, np.ndarray]  # foreground and alpha at the size of the picture


def composite(
    rng: np.random.Generator,
    people: Sequence[Person],
    background: np.ndarray,
    size: tuple[int, int],
    passers_by: Sequence[Person] = (),
    *,
    shadows: bool = False,
    tinted: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Put people somewhere before a background, in a light of their own.

    Args:
        rng: its source.
        people: who is shown: the first one, and those of the others who find a place beside that one.
        background: BGR uint8 of any size.
        size: height and width of the picture.
        passers_by: stand behind, smaller, and count as background.
        shadows: feet throw shadows on the ground.
        tinted: the background takes the colours of the people.

    Returns:
        image (H, W, 3) uint8 BGR and alpha (H, W) uint8, the union of the people's.
    """
    behind = change_light(rng, draw_frame(rng, background.shape, size).show(background, size))
    for passer_by in passers_by:
        layer = _place(rng, passer_by, draw_place_behind(rng, passer_by.alpha, size), size)
        behind, _ = assemble(rng, [layer], behind, shadows=shadows)
    if rng.random() < 0.4:
        behind = cv2.GaussianBlur(behind, (0, 0), rng.uniform(0.5, 5))
    layers = _line_up(rng, people, size)
    return take_photo(rng, *assemble(rng, layers, behind, shadows=shadows, tinted=tinted))


def stand_in(
    rng: np.random.Generator,
    person: Person,
    scene: Scene,
    size: tuple[int, int],
    *,
    shadows: bool = False,
    tinted: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Show a person in a part of a scene, where another one stood, about as large; returns as `composite`."""
    frame = draw_frame(rng, scene.alpha.shape, size)
    behind = change_light(rng, frame.show(scene.emptied, size))
    layer = _place(rng, person, draw_place_of(rng, person.alpha, scene.alpha, frame, size), size)
    return take_photo(rng, *assemble(rng, [layer], behind, shadows=shadows, tinted=tinted))


def reframe(rng: np.random.Generator, person: Person, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Show a part of a person's photo as it is, in another light; returns as `composite`."""
    frame = draw_frame(rng, person.alpha.shape, size)
    return take_photo(rng, frame.show(person.image, size), frame.show(person.alpha, size))


def assemble(
    rng: np.random.Generator,
    layers: Sequence[Layer],
    behind: np.ndarray,
    *,
    shadows: bool = False,
    tinted: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Put layers before a background of their size, one before the other.

    Shadows fall, and tints lie, on the background alone.

    Returns:
        The picture, and the union of the layers' alpha: 1 - product of (1 - alpha).
    """
    if tinted:
        behind = tint_like(rng, behind, *layers[0])
    if shadows:
        for _, alpha in layers:
            behind = add_contact_shadow(rng, behind, alpha)
    image, through = behind, np.ones(behind.shape[:2], np.float32)
    for foreground, alpha in layers:
        image = blend(foreground, image, alpha)
        through = through * (1 - alpha / np.float32(255))
    return image, np.round(255 * (1 - through)).astype(np.uint8)


def _line_up(rng: np.random.Generator, people: Sequence[Person], size: tuple[int, int]) -> list[Layer]:
    """One person anywhere; several side by side, if the first finds a place there."""
    places = draw_row(rng, [person.alpha for person in people], size) if len(people) > 1 else [None]
    if places[0] is None:
        return [_place(rng, people[0], draw_place(rng, people[0].alpha, size), size)]
    row = [(person, place) for person, place in zip(people, places, strict=True) if place]
    return [_place(rng, *row[number], size) for number in rng.permutation(len(row))]


def _place(rng: np.random.Generator, person: Person, place: Place, size: tuple[int, int]) -> Layer:
    """Someone at a place of the picture, in a light of that one's own."""
    return change_light(rng, place.show(person.foreground, size)), place.show(person.alpha, size)
