# Two stages: what builds the environment stays out of the image that runs.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/hookflash
COPY requirements.txt ./
RUN /opt/hookflash/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY migrations migrations
RUN /opt/hookflash/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 hookflash \
    && useradd --uid 10001 --gid hookflash --no-create-home --home-dir /data hookflash \
    && install --directory --owner hookflash --group hookflash --mode 0700 /data
COPY --from=build /opt/hookflash /opt/hookflash
ENV PATH=/opt/hookflash/bin:$PATH \
    HOST=0.0.0.0 \
    LOG_FORMAT=json \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# Nothing is written but here, and here only where the log is a SQLite file.
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT', 3000)}/healthz\", timeout=2)"]
CMD ["hookflash", "serve"]
