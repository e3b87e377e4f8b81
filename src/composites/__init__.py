"""New training pictures: people before other backgrounds."""
