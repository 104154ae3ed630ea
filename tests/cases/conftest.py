"""The programs here are what the doctor is asked about: run by tests, never collected as tests."""

collect_ignore_glob = ["programs/*", "healthy/*", "seeds/*"]
