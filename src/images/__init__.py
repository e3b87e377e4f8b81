"""Images: reading and writing, resizing and normalising, laying out for display."""
