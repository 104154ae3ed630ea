"""Data sets, known ones and files of the user, all as one Dataset."""
