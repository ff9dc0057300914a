"""What a row of the table is: a figure taken several times, its reference, and its budget."""
import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Kind:
    """How a row's figure comes of a value and its reference, and which side of the budget is good."""

    said: str
    unit: str  # of the figure; "" where it is the values' own
    digits: int  # behind the point
    figure: object
    at_least: bool


KINDS = {
    "ratio": Kind("at least {} of it", "x", 2, lambda value, reference: value / reference, True),
    "above": Kind("at most {} above it", "", 1, lambda value, reference: value - reference, False),
    "most": Kind("at most {}", "", 2, lambda value, _: value, False),
}


def quartiles(values):
    """The lower and the upper: half of the values lie between them."""
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


@dataclasses.dataclass
class Row:
    """Values and references are of the same rounds, in their order: figures are made round by round,
    so that what disturbs a round disturbs both sides. A reference that takes
    long is taken in the first rounds alone, and figures are of those."""

    row: str
    what: str
    unit: str
    kind: str
    budget: float
    values: list
    reference: str = ""
    references: list = dataclasses.field(default_factory=list)

    def figures(self):
        references = self.references or [None] * len(self.values)
        figure = KINDS[self.kind].figure
        return [figure(*pair) for pair in zip(self.values, references)]

    def figure(self):
        return statistics.median(self.figures())

    def spread(self):
        return quartiles(self.figures())

    def is_kept(self):
        figure = self.figure()
        return figure >= self.budget if KINDS[self.kind].at_least else figure <= self.budget

    def used(self):
        """How much of the budget is used: 1 is all of it."""
        figure = max(self.figure(), 0)
        if not KINDS[self.kind].at_least:
            return figure / self.budget
        return self.budget / figure if figure > 0 else float("inf")

    def budget_text(self):
        unit = KINDS[self.kind].unit or f" {self.unit}"
        return KINDS[self.kind].said.format(f"{self.budget:g}{unit}")

    def as_object(self):
        def side(values):
            return {"value": statistics.median(values), "spread": list(quartiles(values)),
                    "values": values}

        return {"row": self.row, "what": self.what, "unit": self.unit, **side(self.values),
                "reference": {"what": self.reference, **side(self.references)}
                             if self.references else None,
                "figure": {"kind": self.kind, "value": self.figure(), "spread": list(self.spread())},
                "budget": self.budget, "kept": self.is_kept(), "rounds": len(self.figures())}


class LeftOut(Exception):
    """Why a group of rows cannot be measured here."""
