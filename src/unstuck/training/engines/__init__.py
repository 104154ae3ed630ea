"""The ways to run the same training steps: readable, or compiled."""
