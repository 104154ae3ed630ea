"""Train a network on data: full batch, mini-batches or one sample at a time.

    trainer = Trainer(network, "adam", batch_size=32, epochs=20, random_state=0)
    history = trainer.fit(X, y)

or, where you want to hold the loop in your own hands, ``trainer.step(x, y)``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.base.display import reach
from unstuck.base.errors import InvalidInputError
from unstuck.base.interrupt import interruptible
from unstuck.base.rng import generator
from unstuck.base.threads import limit_blas_threads
from unstuck.core.judge import check_lengths
from unstuck.core.network import Cost, Network
from unstuck.core.optimizers import get_optimizer
from unstuck.core.schedules import get_schedule
from unstuck.training.callbacks import as_callbacks
from unstuck.training.checkpoint import read_checkpoint, restore_checkpoint, save_checkpoint
from unstuck.training.engines.choose import build_engine
from unstuck.training.engines.numpy_engine import clip
from unstuck.training.engines.protocol import Engine, Job
from unstuck.training.history import History
from unstuck.training.lbfgs import DEFAULT_ITERATIONS, LBFGS, SciPyEngine, run_lbfgs
from unstuck.training.loop import Loop, Streams
from unstuck.training.observing import observe_run
from unstuck.training.samples import Samples, hold_out, training_samples
from unstuck.training.stopping import BestKeeper

DEFAULT_EPOCHS = 10


class Trainer:
    """Trains one network.

    Parameters
    ----------
    network : Network
        Changed in place.
    optimizer : str, Optimizer or LBFGS
        ``"sgd"``, ``"rmsprop"``, ``"adagrad"``, ``"adam"``, ``"adamw"``, ``"lbfgs"`` (full
        batch, through SciPy; no dropout), or an instance with its own settings.
    learning_rate : float, optional
        Default: the optimiser's own.
    schedule : str or schedule
        How the learning rate moves; see `unstuck.core.schedules`.
    batch_size : int or "all"
        Samples an update: 1 is one sample at a time, ``"all"`` the full batch.
    epochs, iterations : int, optional
        Passes over the data, or updates; the first to be reached ends training. Default:
        10 epochs; for L-BFGS 200 iterations.
    shuffle : bool
        A new order of the samples for every epoch.
    validation : (X, y), optional
        Judged after every epoch. Or ``validation_fraction`` of the training data.
    patience : int, optional
        Early stopping after so many epochs without improvement; the best weights are
        restored, however training ended.
    monitor : {"validation_cost", "validation_score", "cost"}
        What counts as improvement.
    class_weight : mapping or "balanced", optional
        Weight of every class's samples.
    clip_norm : float, optional
        Gradients are scaled down to at most this norm.
    callbacks : iterable
        `Callback` objects, or functions that are given each epoch's row.
    random_state : None, int or numpy.random.Generator
        Orders, dropout masks and splits come from it.
    engine : {"auto", "numpy", "compiled"}
        What runs the updates; see docs/explanation/engines.md.
    threads : int, optional
        Processor cores to use; default: what pays for this network.
    record : bool
        Keep a `RunRecord` (``history.record``).
    checkpoint : path, optional
        File for the state of the run, every ``checkpoint_every`` epochs.
    augment : callable, optional
        ``augment(X, out, rng)`` writes a changed copy of the raw rows for every epoch.
    verbose : bool
        Show progress: under the cell of a notebook, or on standard error.

    Examples
    --------
    >>> from unstuck.data.load import load
    >>> digits = load("digits")
    >>> net = Network.mlp([64, 20, 10], random_state=0)
    >>> history = Trainer(net, "adam", epochs=3, random_state=0).fit(
    ...     digits.X_train / 16, digits.y_train
    ... )
    >>> bool(history.cost[-1] < history.cost[0])
    True
    """

    def __init__(
        self,
        network: Network,
        optimizer: Any = "adam",
        *,
        learning_rate: float | None = None,
        schedule: Any = "constant",
        batch_size: int | str = 32,
        epochs: int | None = None,
        iterations: int | None = None,
        shuffle: bool = True,
        validation: tuple[Any, Any] | None = None,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        monitor: str | None = None,
        min_improvement: float = 0.0,
        class_weight: Any = None,
        clip_norm: float | None = None,
        callbacks: Iterable[object] = (),
        random_state: Any = None,
        engine: str = "auto",
        threads: int | None = None,
        record: bool = True,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1,
        augment: Callable[[AnyArray, AnyArray, np.random.Generator], object] | None = None,
        verbose: bool = False,
    ) -> None:
        self.network = network
        lbfgs = LBFGS() if optimizer == "lbfgs" else optimizer
        self.lbfgs = lbfgs if isinstance(lbfgs, LBFGS) else None
        self.optimizer = get_optimizer("sgd" if self.lbfgs else optimizer)
        if learning_rate is not None:
            options: dict[str, Any] = {"learning_rate": learning_rate}
            self.optimizer = replace(self.optimizer, **options)  # type: ignore[type-var]
        self.schedule = get_schedule(schedule)
        self.batch_size = check_batch_size(batch_size)
        self.epochs = check_count(epochs, "epochs")
        self.iterations = check_count(iterations, "iterations")
        self.shuffle = shuffle
        self.validation = validation
        self.validation_fraction = validation_fraction
        if validation is not None and validation_fraction:
            raise InvalidInputError("give validation or validation_fraction, not both.")
        self.patience = check_count(patience, "patience")
        has_validation = validation is not None or validation_fraction > 0.0
        self.monitor = monitor or ("validation_cost" if has_validation else "cost")
        if self.monitor.startswith("validation") and not has_validation:
            raise InvalidInputError(
                f"monitor={self.monitor!r} needs validation data; give validation=(X, y) or "
                "validation_fraction=0.1."
            )
        self.min_improvement = min_improvement
        self.class_weight = class_weight
        if clip_norm is not None and not clip_norm > 0.0:
            raise InvalidInputError(f"clip_norm is {clip_norm!r}; allowed: a number above 0.")
        self.clip_norm = clip_norm
        shown = (reach("progress")(),) if verbose else ()
        self.callbacks = as_callbacks((*shown, *callbacks))
        self.random_state = random_state
        self.engine = engine
        self.threads = check_count(threads, "threads")
        self.record = record
        self.checkpoint = checkpoint
        self.checkpoint_every = check_count(checkpoint_every, "checkpoint_every") or 1
        self.augment = augment
        self.rng = generator(random_state)
        self.buffers = self.optimizer.start(network.theta.size, network.dtype)
        self.updates_done = 0
        self._decay_mask = network.decay_mask

    # ------------------------------------------------------------------ one update

    def step(self, X: Any, y: Any, sample_weight: Any = None) -> Cost:
        """One update on one sample (1-D ``X``) or one batch; returns the cost before it.

        Examples
        --------
        >>> net = Network.mlp([4, 3], random_state=0)
        >>> trainer = Trainer(net, "sgd", learning_rate=0.1)
        >>> first = trainer.step([1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0])
        >>> second = trainer.step([1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0])
        >>> second.data < first.data
        True
        """
        network = self.network
        X, y = np.asarray(X), np.asarray(y)
        if X.ndim == 1 and y.ndim <= 1:
            X, y = X[None, :], y[None]
        x, targets = network.prepare(X), network.encode(y)
        check_lengths(x, targets)
        forward = network.propagate(x, training=True, rng=self.rng, update_state=True)
        loss = network.loss_function
        cost = float(loss.value(forward.values[-2], forward.output, targets, sample_weight))
        before = Cost(cost, network.penalty())
        gradient = network.backpropagate(forward, targets, sample_weight)
        if self.clip_norm is not None:
            clip(gradient, self.clip_norm)
        self.updates_done += 1
        rate = self.optimizer.learning_rate
        self.optimizer.step(
            network.theta, gradient, self.buffers, self.updates_done, rate, self._decay_mask
        )
        return before

    # ------------------------------------------------------------------ a whole run

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        resume: str | os.PathLike[str] | None = None,
        keep_optimizer: bool = False,
    ) -> History:
        """Train on raw data.

        Parameters
        ----------
        X : array, shape (n, n_features)
            Raw inputs of any number type; memory-mapped arrays are never loaded whole.
        y : array
            Class numbers (n,), or targets (n, n_outputs).
        sample_weight : array, shape (n,), optional
        resume : path, optional
            A checkpoint of the same run; training goes on from it, bit for bit.
        keep_optimizer : bool
            Go on with the optimiser's state of the last `fit` or `step`.

        Returns
        -------
        History

        Raises
        ------
        InvalidInputError
            When the data do not fit the network, before anything is trained.
        DivergenceError
            When the cost becomes NaN or infinite.
        """
        samples = training_samples(self.network, X, y, sample_weight, self.class_weight)
        frozen = None if resume is None else read_checkpoint(resume)
        loop = self.build_loop(samples, np.asarray(y), keep_optimizer=keep_optimizer, frozen=frozen)
        if frozen is not None:
            restore_checkpoint(loop, *frozen)
        save = None if self.checkpoint is None else self._save
        with limit_blas_threads(loop.engine.threads), interruptible() as interrupt:
            try:
                if self.lbfgs is None:
                    loop.run(interrupt, save)
                else:
                    run_lbfgs(loop, self.lbfgs, interrupt)
            finally:
                self.updates_done = loop.offset + loop.step
        return loop.history

    def _save(self, loop: Loop) -> None:
        if loop.epoch % self.checkpoint_every == 0 and self.checkpoint is not None:
            save_checkpoint(loop, self.checkpoint)

    def build_loop(
        self,
        samples: Samples,
        y: AnyArray,
        *,
        keep_optimizer: bool,
        frozen: tuple[dict[str, Any], dict[str, Any]] | None,
    ) -> Loop:
        """Put together what a run works on: data, streams, engine, record."""
        network = self.network
        split_rng, probe_rng, *streams = generator(self.random_state).spawn(5)
        validation = None
        if self.validation is not None:
            validation = training_samples(network, *self.validation)
        elif self.validation_fraction:
            samples, validation = hold_out(samples, y, self.validation_fraction, split_rng)
        source = None
        if self.augment is not None:
            source = samples.X
            samples = replace(samples, X=np.array(samples.X))
        whole = self.batch_size == "all" or self.lbfgs is not None
        batch_size = len(samples) if whole else int(self.batch_size)
        batch_size = min(batch_size, len(samples))
        if not keep_optimizer:
            self.buffers = self.optimizer.start(network.theta.size, network.dtype)
            self.updates_done = 0
        epochs, total = self.length(len(samples), batch_size)
        masks = Streams(*streams)
        job = Job(
            network,
            self.optimizer,
            self.buffers,
            samples.X,
            samples.targets,
            samples.weight,
            batch_size,
            self.clip_norm,
            masks.masks,
            samples.labelled,
            self.threads if frozen is None else frozen[0]["threads"],
            total,
        )
        engine: Engine = SciPyEngine(self.threads or 1)
        if self.lbfgs is None:
            engine = build_engine(job, self.engine if frozen is None else frozen[0]["engine"])
        loop = Loop(
            network=network,
            optimizer=self.optimizer,
            buffers=self.buffers,
            engine=engine,
            samples=samples,
            validation=validation,
            streams=masks,
            batch_size=batch_size,
            shuffle=self.shuffle,
            epochs=epochs,
            total_steps=total,
            learning_rate=self.optimizer.learning_rate,
            schedule=self.schedule,
            best=None
            if self.patience is None
            else BestKeeper(network, self.patience, self.monitor, self.min_improvement),
            builder=None,
            observer=None,
            callbacks=self.callbacks,
            augment=self.augment,
            source=source,
            offset=self.updates_done,
        )
        if self.record:
            observe_run(loop, probe_rng)
        loop.history.engine, loop.history.threads = engine.name, engine.threads
        return loop

    def length(self, n_samples: int, batch_size: int) -> tuple[int, int]:
        """(epochs, updates) at most."""
        per_epoch = -(-n_samples // batch_size)
        if self.epochs is None and self.iterations is None:
            epochs = DEFAULT_EPOCHS if self.lbfgs is None else DEFAULT_ITERATIONS
            return epochs, epochs * per_epoch
        if self.epochs is None:
            total = self.iterations or 0
            return -(-total // per_epoch), total
        total = self.epochs * per_epoch
        return self.epochs, total if self.iterations is None else min(total, self.iterations)


def check_batch_size(value: Any) -> int | str:
    """A whole number of at least 1, or "all"."""
    if value == "all":
        return "all"
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise InvalidInputError(
            f"batch_size is {value!r}; allowed: a whole number of at least 1, or 'all'."
        )
    return int(value)


def check_count(value: Any, name: str) -> int | None:
    """None, or a whole number of at least 1."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise InvalidInputError(f"{name} is {value!r}; allowed: a whole number of at least 1.")
    return int(value)
