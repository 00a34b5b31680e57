"""What Hookflash counts and times, for Prometheus to read."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

# The doctor looks for it by this name.
LAST_RECEIVED = "hookflash_slack_last_received_timestamp_seconds"
SURFACE_LABEL = "surface"

_FAST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)
_SLOW_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters and histograms in a registry of their own; its methods are handed in as callbacks.

    Labels take few, known values only: never an id, a number or a text from outside.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "hookflash_http_requests_total",
            "Requests answered.",
            ("route", "status"),
            registry=self.registry,
        )
        self._acks = Histogram(
            "hookflash_slack_ack_seconds",
            "From a request of Slack's to the acknowledgement.",
            buckets=_FAST_S,
            registry=self.registry,
        )
        self._last_received = Gauge(
            LAST_RECEIVED,
            "When the newest request of each kind came from Slack.",
            (SURFACE_LABEL,),
            registry=self.registry,
        )
        self._changes = Counter(
            "hookflash_call_changes_total",
            "Changes of calls that were closed, by what came of them.",
            ("action", "outcome"),
            registry=self.registry,
        )
        self._twilio = Histogram(
            "hookflash_twilio_request_seconds",
            "Requests to Twilio, retries included, by result.",
            ("result",),
            buckets=_SLOW_S,
            registry=self.registry,
        )
        self._audit_writes = Histogram(
            "hookflash_audit_write_seconds",
            "Transactions on the log, from the wish to the durable commit, by result.",
            ("result",),
            buckets=_FAST_S,
            registry=self.registry,
        )

    def request_answered(self, *, route: str, status: int) -> None:
        """Count an HTTP request; *route* is the pattern, not the path that was asked for."""
        self._requests.labels(route=route, status=str(status)).inc()

    def slack_acknowledged(self, took_s: float) -> None:
        """Time one request of Slack's."""
        self._acks.observe(took_s)

    def slack_received(self, surface: str) -> None:
        """Note that one of this kind came from Slack just now."""
        self._last_received.labels(surface=surface).set_to_current_time()

    def change_closed(self, *, action: str, outcome: str) -> None:
        """Count a change that has its outcome."""
        self._changes.labels(action=action, outcome=outcome).inc()

    def twilio_answered(self, *, result: str, took_s: float) -> None:
        """Time one request to Twilio; *result* is `ok` or the kind of failure."""
        self._twilio.labels(result=result).observe(took_s)

    def audit_written(self, *, result: str, took_s: float) -> None:
        """Time one transaction on the log; *result* is `ok` or `failed`."""
        self._audit_writes.labels(result=result).observe(took_s)
