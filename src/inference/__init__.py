"""From a photo or video to alpha, cutouts and composites."""
