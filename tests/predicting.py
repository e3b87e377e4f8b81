"""What the tests of predict.py share; their fixtures are in conftest.py."""

import functools

from src.engines import engine
from tests.small_dataset import make_person

SIZE = 32  # of the network
PHOTO, _ = make_person((1,), 50, 40)
open_once = functools.cache(engine._open_checkpoint)  # compiling takes seconds
