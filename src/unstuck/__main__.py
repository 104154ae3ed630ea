"""The door that needs no script on PATH: ``python -m unstuck`` is the command ``unstuck``."""

from unstuck.app.cli import main

if __name__ == "__main__":
    main()
