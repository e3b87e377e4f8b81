"""New training pictures of people, with other backgrounds, passers-by, positions, sizes, light and noise.

All randomness comes from one generator, so a picture can be reproduced.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from src.composites.camera import take_photo
from src.composites.clutter import add_clutter
from src.composites.framing import draw_frame, frame_whole
from src.composites.light import change_light, draw_backlight, tint_like
from src.composites.person import Person, Scene
from src.composites.placement import Place, draw_place, draw_place_behind, draw_place_of, draw_row
from src.composites.shadow import add_contact_shadow
from src.images.blending import Layer, blend_layers


def composite(
    rng: np.random.Generator,
    people: Sequence[Person],
    background: np.ndarray,
    size: tuple[int, int],
    passers_by: Sequence[Person] = (),
    *,
    distance: float = 1,
    clutter: np.ndarray | None = None,
    shadows: bool = False,
    tinted: bool = False,
    backlit: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Put people at random positions in front of a background, each in different light.

    Args:
        rng: source of randomness.
        people: the people to show: the first always, the others where there is room beside the first.
        background: BGR (h, w, 3) uint8 of any size.
        size: height and width of the picture in pixels.
        passers_by: smaller people in the background, who count as background.
        distance: how many times smaller the people are than usual.
        clutter: a photo from which things beside the people are cut, BGR (h, w, 3) uint8.
        shadows: whether feet cast shadows on the ground.
        tinted: whether the background is tinted towards the colours of the people.
        backlit: whether the light comes from behind the people.

    Returns:
        image BGR (H, W, 3) uint8 and alpha (H, W) uint8, the union of the people's alphas.
    """
    behind = change_light(rng, draw_frame(rng, background.shape, size).show(background, size))
    for passer_by in passers_by:
        layer = _place(rng, passer_by, draw_place_behind(rng, passer_by.alpha, size), size)
        behind, _ = assemble(rng, [layer], behind, shadows=shadows)
    if clutter is not None:
        behind = add_clutter(rng, behind, clutter)
    if rng.random() < 0.4:
        behind = cv2.GaussianBlur(behind, (0, 0), rng.uniform(0.5, 5))
    layers = _line_up(rng, people, size, distance)
    image, alpha = assemble(rng, layers, behind, shadows=shadows, tinted=tinted, backlit=backlit)
    return take_photo(rng, image, alpha)


def stand_in(
    rng: np.random.Generator,
    person: Person,
    scene: Scene,
    size: tuple[int, int],
    *,
    shadows: bool = False,
    tinted: bool = False,
    backlit: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Put a person into a scene in place of its original person, at about the same size.

    Args:
        rng: source of randomness.
        person: the person to show.
        scene: the photo, with its own person removed.
        size: height and width of the picture in pixels.
        shadows: whether feet cast shadows on the ground.
        tinted: whether the background is tinted towards the person's colours.
        backlit: whether the light comes from behind the person.

    Returns:
        image BGR (H, W, 3) uint8 and alpha (H, W) uint8.
    """
    frame = draw_frame(rng, scene.alpha.shape, size)
    behind = change_light(rng, frame.show(scene.emptied, size))
    layer = _place(rng, person, draw_place_of(rng, person.alpha, scene.alpha, frame, size), size)
    image, alpha = assemble(rng, [layer], behind, shadows=shadows, tinted=tinted, backlit=backlit)
    return take_photo(rng, image, alpha)


def reframe(rng: np.random.Generator, person: Person, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Show part of a person's photo with its own background, in different light.

    Args:
        rng: source of randomness.
        person: the person to show.
        size: height and width of the picture in pixels.

    Returns:
        image BGR (H, W, 3) uint8 and alpha (H, W) uint8.
    """
    frame = draw_frame(rng, person.alpha.shape, size)
    return take_photo(rng, frame.show(person.image, size), frame.show(person.alpha, size))


def show_whole(
    rng: np.random.Generator, person: Person, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Show a person's whole photo with its own background, in different light.

    Args:
        rng: source of randomness.
        person: the person to show.
        size: height and width in pixels into which the picture has to fit.

    Returns:
        image BGR (H, W, 3) uint8 and alpha (H, W) uint8, of the photo's aspect ratio.
    """
    frame, fits = frame_whole(rng, person.alpha.shape, size)
    return take_photo(rng, frame.show(person.image, fits), frame.show(person.alpha, fits))


def show_empty(
    rng: np.random.Generator, background: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Show a background without anybody, as the frames of a video before a person enters.

    Args:
        rng: source of randomness.
        background: BGR (h, w, 3) uint8 of any size.
        size: height and width of the picture in pixels.

    Returns:
        image BGR (H, W, 3) uint8, and alpha (H, W) uint8, 0 everywhere.
    """
    behind = change_light(rng, draw_frame(rng, background.shape, size).show(background, size))
    return take_photo(rng, behind, np.zeros(size, np.uint8))


def assemble(
    rng: np.random.Generator,
    layers: Sequence[Layer],
    behind: np.ndarray,
    *,
    shadows: bool = False,
    tinted: bool = False,
    backlit: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Composite layers onto a background, from back to front.

    Shadows and tints change only the background.

    Args:
        rng: source of randomness.
        layers: foregrounds (H, W, 3) and alphas (H, W), uint8; at least one.
        behind: the background, BGR (H, W, 3) uint8.
        shadows: whether feet cast shadows on the background.
        tinted: whether the background is tinted towards the colours of the first layer.
        backlit: whether the layers are dark before a bright background.

    Returns:
        As `blend_layers`.
    """
    if tinted:
        behind = tint_like(rng, behind, *layers[0])
    if shadows:
        for _, alpha in layers:
            behind = add_contact_shadow(rng, behind, alpha)
    if backlit:
        dark, bright = draw_backlight(rng)
        layers = [(cv2.LUT(foreground, dark), alpha) for foreground, alpha in layers]
        behind = cv2.LUT(behind, bright)
    return blend_layers(layers, behind, np.zeros(behind.shape[:2], np.uint8))


def _line_up(
    rng: np.random.Generator, people: Sequence[Person], size: tuple[int, int], distance: float
) -> list[Layer]:
    """Place one person anywhere, or several side by side if there is room for the first in the row."""
    places = draw_row(rng, [person.alpha for person in people], size, distance) if len(people) > 1 else [None]
    if places[0] is None:
        return [_place(rng, people[0], draw_place(rng, people[0].alpha, size, distance), size)]
    row = [(person, place) for person, place in zip(people, places, strict=True) if place]
    return [_place(rng, *row[number], size) for number in rng.permutation(len(row))]


def _place(rng: np.random.Generator, person: Person, place: Place, size: tuple[int, int]) -> Layer:
    """Show a person at a place in the picture, in different light."""
    return change_light(rng, place.show(person.foreground, size)), place.show(person.alpha, size)
