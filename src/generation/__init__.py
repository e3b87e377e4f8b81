"""Making the data set: from the Matting Human Datasets to train, eval and test splits."""
