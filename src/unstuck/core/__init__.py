"""The mathematics of a network: activations, losses, initialisers, layers, steps, gradients."""
