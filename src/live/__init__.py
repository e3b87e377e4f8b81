"""Live matting: from a camera to a page in the browser."""
