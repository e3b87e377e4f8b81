"""From frames in a row to alphas that are steady in time."""
