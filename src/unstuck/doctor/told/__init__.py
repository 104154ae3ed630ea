"""What a program tells of its own training, judged: its metric (O505) and its loss (O506).

`reports` records the last update and the end, and asks the two that judge: `metric`, where outputs
are compared with labels (`compared`, `slips`, `shares`, `slip_edits`), and `formula`, by how the
number changes with the outputs (`pulls`, `slopes`, `formula_words`).
"""
