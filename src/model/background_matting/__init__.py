"""Background Matting V2 (Lin et al., arXiv:2012.07810): alpha and foreground from a photo and its plate."""
