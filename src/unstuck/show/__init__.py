"""What a person sees: text in the terminal, and pictures."""
