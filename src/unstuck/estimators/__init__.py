"""scikit-learn's contract over the trainer."""
