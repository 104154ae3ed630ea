"""The doctor where the cell is: ``%load_ext unstuck``, then ``%%doctor`` on top of a cell."""
