"""From a photo and its plate, the same place without the person, to alpha."""
