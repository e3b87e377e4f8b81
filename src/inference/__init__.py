"""From a photo to alpha and cutouts."""
