"""What runs inside the user's interpreter: the program rewritten so that it can be watched.

Only the standard library and NumPy are used here, and nothing outside this folder: the sandbox
copies it beside the program, where unstuck need not be installed.
"""
