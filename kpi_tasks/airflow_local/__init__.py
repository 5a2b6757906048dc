"""Airflow on this machine: the DAG over some months in the foreground (``run``), or the services (``up``, ``down``).

Nothing of this is needed where Airflow is installed for good; there the DAG folder and this package are enough.
"""
