"""JAX at its best: a whole epoch compiled into one ``lax.scan``, its buffers donated.

A batch size that does not divide the samples leaves a smaller last batch, which takes one step
after the scan, inside the same compiled function. Gathering all batches beforehand and unrolling
the scan were tried, and were no faster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from benchmarks.task import Array, Task

HIDDEN = {"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid}


def train(task: Task) -> Callable[[], list[Array]]:
    """One pass, one call."""
    recipe = task.recipe
    hidden = HIDDEN[recipe.hidden]
    optimizer = (
        optax.adam(recipe.learning_rate)
        if recipe.optimizer == "adam"
        else optax.sgd(recipe.learning_rate, recipe.momentum or None)
    )

    def loss(parameters: list[Any], inputs: Any, labels: Any) -> Any:
        a = inputs
        for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            a = hidden(a @ W + b)
        logits = a @ parameters[-2] + parameters[-1]
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    def epoch(parameters: list[Any], state: Any, X: Any, y: Any, order: Any) -> Any:
        def step(carry: Any, batch: Any) -> Any:
            parameters, state = carry
            gradient = jax.grad(loss)(parameters, X[batch], y[batch])
            updates, state = optimizer.update(gradient, state, parameters)
            return (optax.apply_updates(parameters, updates), state), None

        whole = len(order) // recipe.batch_size * recipe.batch_size
        batches = order[:whole].reshape(-1, recipe.batch_size)
        carry, _ = jax.lax.scan(step, (parameters, state), batches)
        return step(carry, order[whole:])[0] if whole < len(order) else carry

    compiled = jax.jit(epoch, donate_argnums=(0, 1))
    X, y, order = jnp.asarray(task.X), jnp.asarray(task.y), jnp.asarray(task.order)

    def run() -> list[Array]:
        parameters = [jnp.array(w) for w in task.weights]
        state = optimizer.init(parameters)
        parameters, _ = jax.block_until_ready(compiled(parameters, state, X, y, order))
        return [jax.device_get(p) for p in parameters]

    return run
