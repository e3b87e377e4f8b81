"""Makes a data set with train, eval and test splits from the Matting Human Datasets."""
