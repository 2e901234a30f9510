FROM python:3.13-slim-bookworm AS packages
COPY requirements.txt /
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes --requirement /requirements.txt

FROM python:3.13-slim-bookworm
RUN groupadd --gid 10001 taproom \
    && useradd --uid 10001 --gid taproom --no-create-home --shell /usr/sbin/nologin taproom
COPY --from=packages /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /app
COPY . .
# The settings want secrets and addresses; collecting files needs none, so these lead nowhere.
RUN SECRET_KEY=only-for-the-build \
    FIELD_ENCRYPTION_KEYS=b25seS1mb3ItdGhlLWxpbnRlci1ub3QtYS1rZXkhISE= \
    DATABASE_URL=postgresql://nobody@/nothing?host=/nonexistent \
    python manage.py collectstatic --no-input \
    && python -m compileall -q /app
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["python", "deploy/healthcheck.py"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "4", "--respawn-failed-workers", "--workers-kill-timeout", "30", "--no-ws", "config.wsgi:application"]
