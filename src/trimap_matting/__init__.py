"""Alpha from a trimap: only the pixels that the trimap calls unknown are solved, from the photo's colours."""
