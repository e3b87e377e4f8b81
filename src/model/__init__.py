"""The networks: T-Net, M-Net and their fusion."""
