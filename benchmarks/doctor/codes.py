"""Which codes count as the right answer: the one table of equivalence.

A fault can often be told in more than one true way: a hidden error multiplied by nothing lacks its
derivative (G102), and a helper that returns ones is a wrong derivative (G103). What is listed here
counts as right; nothing else does.
"""

from __future__ import annotations

# By the kind of a root cause in tests/cases/programs/*/case.json.
KINDS: dict[str, tuple[str, ...]] = {
    "data_label_misaligned_shuffle": ("D404",),
    "gradient_accumulator_never_reset_alias": ("G109", "U203"),
    "init_all_positive": ("W302", "W304", "T604"),
    "init_too_small": ("W303", "T605"),
    "learning_rate_too_small": ("T601", "U205"),
    "missing_activation_derivative": ("G102", "G103", "G106", "G107"),
    "regularisation_too_strong": ("T607",),
    "sign_error_gradient_ascent": ("G101",),
    "softmax_as_hidden_activation": ("O503",),
    "softmax_wrong_axis": ("O501",),
    "target_out_of_output_range": ("D402", "O502"),
    "unscaled_inputs": ("D401", "T604"),
    "update_overwrites_parameter": ("U202", "U204", "G109"),
    "wrong_activation_derivative": ("G103",),
    "wrong_gradient_hidden_error_not_backpropagated": ("G106", "G104"),
    "wrong_gradient_wrong_operand": ("G103", "G104", "G199"),
}

# By the code of a planted fault: what else is the same fault in other words.
EQUIVALENT: dict[str, tuple[str, ...]] = {
    "G101": ("G107",),  # a reversed error at the output is also a delta that does not belong
    "G102": ("G103", "G106", "G107"),  # at the output layer: the delta lacks its derivative
    "G103": ("G102", "G104", "G107"),  # of the wrong value: also a wrong operand
    "G104": ("G103", "G106", "G199"),
    "G105": ("G111", "G104", "G199"),  # a mean for a sum, where no axis is lost, is a scale
    "G106": ("G104", "G102", "G199"),
    "G107": ("G102", "G103", "O502"),
    "G108": (),
    "G109": ("U203",),
    "G110": ("T607", "G101", "G104"),  # with the sign reversed the decay is a growth
    "G111": ("T601", "T602", "G105"),
    "U201": ("U202",),
    "U202": ("U201",),
    "U203": ("G109",),
    "U204": ("U202",),
    "U205": ("T601",),
    "W301": ("W303", "T605"),
    "W302": ("W304", "T604"),
    "W303": ("W301", "T605"),
    "W304": ("T604", "O504"),
    "D401": ("T604", "T602", "O504", "T606"),
    "D402": ("O502",),
    "D403": ("D402", "O505"),
    "D404": (),
    "D405": ("T606",),
    "D407": ("D405", "D406", "D402", "D403"),  # truncated inputs are constant, targets misread
    "D408": (),
    "O501": (),
    "O502": ("G107", "D402", "G103"),
    "O503": ("G103",),  # without its activation, the derivative that is left is a wrong one
    "O504": ("T606",),
    "O505": (),
    "O507": (),
    "T601": ("U205",),
    "T602": ("T606",),
    "T607": ("G110",),
}


def right_codes(planted: str) -> frozenset[str]:
    """Every code that counts as naming a planted fault.

    >>> sorted(right_codes("U205"))
    ['T601', 'U205']
    """
    return frozenset((planted, *EQUIVALENT[planted]))
