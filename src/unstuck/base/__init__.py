"""What every floor may use: errors, optional packages, randomness, threads, the display hook."""
