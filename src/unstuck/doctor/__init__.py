"""What keeps a program from learning, and which change makes it learn."""
