"""New training pictures: people in front of other backgrounds."""
