# Airflow's official image (its user, its entrypoint, its system libraries) with an environment of our own beside the
# one it brings. Ours holds exactly what requirements.txt locks, Airflow included, so what runs here is what was tested.
# Installing into the image's own environment would mix two locks: pandas and SQLAlchemy are newer here than there.
FROM apache/airflow:slim-3.3.2-python3.11

USER root
RUN install -d -o airflow -g 0 -m 0775 /opt/kpi /opt/team-kpi /var/lib/kpi /opt/airflow/logs /opt/airflow/auth

USER airflow
WORKDIR /opt/team-kpi
COPY --chown=airflow:0 requirements.txt pyproject.toml ./
# The lock also pins the tools of development. As constraints it still decides every version and every hash, but only
# what pyproject.toml asks for, and what that needs, is installed.
RUN python3 -m venv /opt/kpi \
    && uv_version="$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements.txt)" \
    && PIP_USER=false /opt/kpi/bin/python -m pip install --no-cache-dir --disable-pip-version-check "uv==${uv_version}" \
    && /opt/kpi/bin/uv pip install --python /opt/kpi/bin/python --no-cache --compile-bytecode \
        --constraint requirements.txt --requirement pyproject.toml

COPY --chown=airflow:0 . .
# Where it lies, so that scheme files and SQL are found beside it; installed, so that Airflow finds the plugin by its entry
# point, and people the command `kpi`.
RUN /opt/kpi/bin/uv pip install --python /opt/kpi/bin/python --no-cache --no-deps \
        --build-constraint requirements.txt --editable .

ENV PATH="/opt/kpi/bin:${PATH}" \
    VIRTUAL_ENV="/opt/kpi" \
    PYTHONPATH="/opt/team-kpi" \
    PYTHONUNBUFFERED="1" \
    KPI_HOME="/var/lib/kpi" \
    AIRFLOW__CORE__DAGS_FOLDER="/opt/team-kpi/dags" \
    AIRFLOW__CORE__LOAD_EXAMPLES="False"
