"""MODNet (arXiv:2011.11961) for photos and, with the alpha of the frame before as a fourth channel, videos."""
