"""A photo with its alpha, on the disk and on the way into training."""
