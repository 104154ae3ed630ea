"""What a training run leaves behind: the one thing that judges and pictures read."""
