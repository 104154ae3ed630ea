"""Ready-made changes for what depends on the data: initial weights, scaling, rates."""
