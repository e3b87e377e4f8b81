"""MODNet (arXiv:2011.11961) for photos; with the alpha of the frame before as fourth channel, for videos."""
