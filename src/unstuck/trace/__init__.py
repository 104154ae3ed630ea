"""A NumPy program as it is, run and watched: sandbox, tape, true gradient, verdict."""
