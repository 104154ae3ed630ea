"""How a network learns: batches, steps, callbacks, checkpoints."""
