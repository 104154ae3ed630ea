"""How fast unstuck is beside its peers and beside the limit of the machine: ``make bench``."""
