"""What the doctor says, as people see it: in a terminal, in a notebook, on a pull request."""
