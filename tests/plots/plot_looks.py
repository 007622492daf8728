"""What the tests ask of a drawn figure."""

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import imread
from matplotlib.legend import Legend

from eisfit import plots


def texts(ax: Axes) -> list[str]:
    """All words on and above the axes."""
    keys = [child for child in ax.get_children() if isinstance(child, Legend)]
    words = [t.get_text() for key in keys for t in key.get_texts()]
    return [*words, *(t.get_text() for t in ax.texts), ax.get_title(loc="left")]


def insets(ax: Axes) -> list[Axes]:
    """The closer looks inside of a Nyquist plot."""
    return [child for child in ax.child_axes if child.get_gid() == "eisfit-inset"]


def bars_of_colour(ax: Axes) -> list[Axes]:
    """The bars that tell which colour is which place."""
    return [child for child in ax.child_axes if child.get_gid() == "eisfit-colourbar"]


def is_whole(ax: Axes) -> None:
    """Assert that no letter touches the border of the picture, and that something is in it."""
    image = imread(io.BytesIO(plots.render(ax, "png", 60)))[:, :, :3]
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    assert edge.min() == 1.0
    assert image.min() < 0.2
