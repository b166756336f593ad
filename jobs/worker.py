"""A worker process: `python -m jobs.worker`, as many as there are cores, kept by supervisor.

One process without Dramatiq's master, which would stop all workers when one dies and leave
them behind when it is killed.
"""

import importlib
import pkgutil
import sys

import jobs
from jobs.serving import serve
from portal.factory import create_app
from portal.infra import printing
from portal.infra.settings import NotReady, settings

PROCESSES = {"jobs.worker", "jobs.relay"}


def import_jobs() -> None:
    """Import every module of this package, so that each `@job` is known."""
    for module in pkgutil.iter_modules(jobs.__path__, "jobs."):
        if module.name not in PROCESSES:
            importlib.import_module(module.name)


def main() -> None:
    # Says at once what is lacking, and the first label need not wait for the press.
    try:
        app = create_app()
        settings().prove_signing()
        printing.warm()
    except (NotReady, printing.CannotPrint) as lacking:
        sys.exit(str(lacking))
    import_jobs()
    serve(app)


if __name__ == "__main__":
    main()
