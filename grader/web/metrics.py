"""What a monitoring system asks for, in Prometheus' text format. Figures alone: nothing about any student."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


@dataclass(frozen=True)
class Metrics:
    """What this process counts itself; what stands in the store is read when it is asked for."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    deliveries: Counter = field(init=False)
    delivery_seconds: Histogram = field(init=False)
    requests: Counter = field(init=False)

    def __post_init__(self) -> None:
        set_once = object.__setattr__
        counted = Counter(
            "grader_deliveries", "Webhook deliveries by what became of them.", ["outcome"], registry=self.registry
        )
        took = Histogram(
            "grader_delivery_seconds", "How long a delivery's answer took.", registry=self.registry, buckets=_SECONDS
        )
        answered = Counter(
            "grader_requests", "Requests by the class of their answer.", ["status"], registry=self.registry
        )
        set_once(self, "deliveries", counted)
        set_once(self, "delivery_seconds", took)
        set_once(self, "requests", answered)
