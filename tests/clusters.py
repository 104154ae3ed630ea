"""A Dask cluster of two worker processes on this machine, to which joblib hands its work."""

from contextlib import contextmanager

import joblib
import pytest

distributed = pytest.importorskip("distributed", reason="pip install distributed to run it")


@contextmanager
def two_workers():
    """The cluster's client, inside the block."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config(backend="dask"),
    ):
        yield client
