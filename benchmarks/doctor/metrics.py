"""What each healthy program's last number means: which way is better, and what chance reaches.

Progress of a run: how far the printed number went from the best constant answer (the largest class,
the mean) towards the best value there is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """A printed number: its ``label``, what a constant answer reaches, and the best value."""

    label: str
    chance: float
    best: float = 1.0

    def progress(self, value: float) -> float:
        """From 0 (chance, worse, or no number) to 1.

        >>> Metric("accuracy", 0.5).progress(0.75), Metric("rmse", 0.5, 0.0).progress(0.6)
        (0.5, 0.0)
        """
        if not math.isfinite(value):
            return 0.0
        share = (value - self.chance) / (self.best - self.chance)
        return min(max(share, 0.0), 1.0)


DIGITS = Metric("accuracy", 0.11)
TWO = Metric("accuracy", 0.5)

METRICS: dict[str, Metric] = {
    # our own healthy programs
    "autoencoder_tied_adam": Metric("final MSE (entrauscht)", 0.0745, 0.012),
    "autograd_circles": TWO,
    "factors_in_turns": Metric("RMSE final no teste", 0.988, 0.0),
    "huber_diabetes": Metric("R2", 0.0),
    "mixture_density": Metric("final test nll", 1.066, -0.5),
    "nesterov_cancer": Metric("aciertos prueba", 0.63),
    "quantile_band": Metric("coverage of the 80% band", 0.0, 0.8),
    "rbf_logistic": TWO,
    "residual_norm_adamw": Metric("test accuracy", 0.11),
    "wine_elastic_net": Metric("ortalama doğruluk (accuracy)", 0.4),
    "wine_matrix": Metric("accuracy", 0.4),
    "autoencoder_digits": Metric("test mse", 0.0733, 0.0),
    "batches_early_stopping": Metric("test accuracy", 0.63),
    "circles_softplus_decay": TWO,
    "conv_im2col_digits": DIGITS,
    "conv_loops_bars": TWO,
    "digits_adam_closure_float32": DIGITS,
    "digits_batchnorm": DIGITS,
    "digits_columns_dict": DIGITS,
    "digits_dropout": DIGITS,
    "digits_rmsprop": DIGITS,
    "digits_rows_functions": DIGITS,
    "einsum_two_layers": DIGITS,
    "embedding_bag": Metric("accuracy", 0.28),
    "global_variables": TWO,
    "layer_objects": DIGITS,
    "linear_diabetes": Metric("R2", 0.0),
    "logistic_cancer": Metric("accuracy", 0.63),
    "moons_class_velocity": TWO,
    "network_nabla": DIGITS,
    "one_vs_all": DIGITS,
    "perceptron_iris": TWO,
    "polynomial_scalars": Metric("rmse", 0.707, 0.0),
    "pure_python_layers": Metric("accuracy", 0.36),
    "pure_python_logistic": TWO,
    "regression_housing_like": Metric("rmse", 1.0, 0.0),
    "rnn_bptt_sum": TWO,
    "rnn_words_sentiment": TWO,
    "schedule_clipping_leaky": Metric("accuracy", 0.4),
    "sine_momentum": Metric("rmse", 0.7, 0.0),
    "softmax_iris": Metric("accuracy", 0.36),
    "spiral_case_study": Metric("accuracy", 0.333),
    "split_in_modules": DIGITS,
    "svm_hinge": Metric("accuracy", 0.5),
    "teacher_two_layers": Metric("mse", 1.42, 0.0),
    "wine_adagrad": Metric("test acc", 0.4),
    "xor_synapses": Metric("mean error", 0.5, 0.0),
    # the repaired twins and healthy programs of the cases
    "01_sine_bce_dW2_wrong_act": Metric("rmse", 0.3087, 0.0),
    "02_softmax_missing_sig_deriv": DIGITS,
    "03_logistic_predicts_contrary": TWO,
    "04_tanh_template_alias": Metric("accuracy %", 10.0, 100.0),
    "06_softmax_over_batch_axis": DIGITS,
    "07_softmax_hidden_layers_times_output": DIGITS,
    "08_xor_init_001": Metric("loss", math.log(2), 0.0),
    "09_hidden_delta_uses_output_error": Metric("mean abs error", 0.5, 0.0),
    "12_sin_gradient_ascent": Metric("rmse", 0.2825, 0.0),
    "14_bpnn_targets_1_to_4": Metric("worst abs error (in target units)", 1.5, 0.0),
    "17_deep_narrow_relu_moons": TWO,
    "21_logreg_unscaled_marks": Metric("accuracy", 0.61),
    "23_mnist_target_minus_output_subtract": Metric("cost", 0.45, 0.0),
    "24_random_shuffle_matrix_rows": TWO,
    "25_ann_positive_init_l2": DIGITS,
    "31_parity_weight_overwritten": TWO,
    "34_healthy_class_adam_softmax": DIGITS,
    "36_healthy_flat_xor_inplace": Metric("mean abs error", 0.5, 0.0),
    "37_healthy_pure_python_neuron_dicts": Metric("accuracy", 0.34),
}
