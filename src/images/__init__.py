"""Pictures: read and written, resized and normalised, laid out for people."""
