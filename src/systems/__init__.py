"""What makes a matting system: its networks, phases, losses and scores."""
