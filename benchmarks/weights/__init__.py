"""How good the adviser on initial weights is: its regret over a grid, and very deep networks."""
