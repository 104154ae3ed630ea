"""The smallest set of changes that makes a program learn, found by running it.

What is wrong whatever the data are is mended first, all of it at once; then what depends on the
data (weights, scaling, rates) is added, one and all together, as long as it helps. What turns out
not to be needed is taken out again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.verify import Trial, Trials
from unstuck.doctor.suspect import Option, Suspect

Say = Callable[[str], None]
GOOD = 0.93  # of the way to the best answer: nothing more is looked for
NEEDED = 0.05  # of the gain: a change that brings less is not needed
FEWER = 0.002  # of the way, that one edit less is worth
LEARNS = 0.1  # of the way: less is not learning
LEAST = 0.05  # of the way: what gains less than this over the program as it was, did not help


@dataclass(frozen=True, slots=True)
class Chosen:
    """One suspect with the option that mends it."""

    suspect: Suspect
    option: Option


@dataclass(slots=True)
class Choice:
    """The set that was found, with its re-run; empty where nothing helped."""

    members: tuple[Chosen, ...]
    trial: Trial | None
    cut: bool = False  # True where time ran out before all was tried


class Chooser:
    """Looks for the set."""

    def __init__(
        self, trials: Trials, baseline: float, suspects: Sequence[Suspect], say: Say
    ) -> None:
        self.trials, self.baseline, self.say = trials, baseline, say
        self.exact = [s for s in suspects if s.exact and s.options]
        self.soft = [s for s in suspects if not s.exact and s.options]
        self.known: dict[frozenset[Edit], Trial] = {}
        self.cut = False

    def run(self) -> Choice:
        """The smallest set that makes the program learn, or the best that helps."""
        best = self._base()
        if self._score(best) < GOOD and self.soft:
            best = self._grow(best)
        if not best or self._score(best) < self.baseline + LEAST or not self._learns(best):
            return Choice((), None, self.cut)
        best = self._prune(best)
        return Choice(best, self._trial(best), self.cut)

    # ------------------------------------------------------------------------------- stages

    def _base(self) -> tuple[Chosen, ...]:
        """Everything that is wrong for certain, mended; with the options that do best."""
        first = tuple(Chosen(s, s.options[0]) for s in self.exact)
        if not first:
            return ()
        sets = [first]
        for number, suspect in enumerate(self.exact):
            sets.extend(
                (*first[:number], Chosen(suspect, option), *first[number + 1 :])
                for option in suspect.options[1:3]
            )
        self.say(f"re-running with {_changes(len(first))}")
        self._run(sets[:2])
        if max(self._score(s) for s in sets[:2]) < GOOD:
            self._run(sets[2:6])
        fitting = [s for s in sets if self._trial(s) is not None]
        if fitting:  # the first that is about as good as the best
            least = max(map(self._score, fitting)) - LEAST
            return next(s for s in fitting if self._score(s) >= least)
        # They do not fit together (or the program breaks): one at a time, then.
        single = [(c,) for c in first]
        self._run(single)
        fitting = [s for s in single if self._trial(s) is not None]
        return max(fitting, key=self._score, default=())

    def _grow(self, best: tuple[Chosen, ...]) -> tuple[Chosen, ...]:
        """Add what depends on the data: first what goes together, then one by one."""
        for _ in range(3):
            used = {c.suspect.code[:2] for c in best}
            rest = [s for s in self.soft if s.code[:2] not in used]
            if not rest or self._score(best) >= GOOD:
                break
            together = (*best, *(Chosen(s, s.options[0]) for s in one_a_family(rest)))
            sets = [(*best, Chosen(s, s.options[0])) for s in rest]
            if len(together) > len(best) + 1:
                sets.insert(1 if rest[0].code[0] not in "WD" else 0, together)
            sets += [(*best, Chosen(s, o)) for s in rest for o in s.options[1:3]]
            self.say(f"re-running with changes of {', '.join(dict.fromkeys(s.code for s in rest))}")
            done = self._run(sets, enough=GOOD)
            if not done:
                break
            top = max(done, key=self._score)
            if self._score(top) <= max(self._score(best), self.baseline) + LEAST / 2:
                break
            best = top
        return best

    def _prune(self, best: tuple[Chosen, ...]) -> tuple[Chosen, ...]:
        """Take out what is not needed."""
        least = self._score(best) - NEEDED * max(0.1, self._score(best) - self.baseline)
        if len(best) > 1:
            self.say("looking which of the changes are needed")
        for member in sorted(best, key=lambda c: c.suspect.exact):
            if len(best) < 2:
                break
            without = tuple(c for c in best if c is not member)
            if self._run([without]) and self._score(without) >= least:
                best = without
        return best

    # -------------------------------------------------------------------------------- trials

    def _edits(self, members: Sequence[Chosen]) -> tuple[Edit, ...]:
        return tuple(dict.fromkeys(e for c in members for e in c.option.edits))

    def _trial(self, members: Sequence[Chosen]) -> Trial | None:
        return self.known.get(frozenset(self._edits(members)))

    def _learns(self, members: Sequence[Chosen]) -> bool:
        """True if the program gets clearly beyond the best constant answer."""
        trial = self._trial(members)
        return trial is not None and trial.gained > LEARNS

    def _score(self, members: Sequence[Chosen]) -> float:
        if not members:
            return self.baseline
        trial = self._trial(members)
        return trial.score - FEWER * len(self._edits(members)) if trial is not None else -3.0

    def _run(
        self, sets: Sequence[tuple[Chosen, ...]], enough: float = float("inf")
    ) -> list[tuple[Chosen, ...]]:
        """Run those sets that have not been run, two at a time, while there is time and need."""
        done: list[tuple[Chosen, ...]] = []
        pending: list[tuple[tuple[Chosen, ...], tuple[Edit, ...]]] = []
        for members in sets:
            edits = self._edits(members)
            if not edits:
                continue
            if frozenset(edits) in self.known:
                done.append(members)
            elif all(edits != other for _, other in pending):
                pending.append((members, edits))
        for start in range(0, len(pending), 2):
            if not self.trials.has_time():
                self.cut = True
                break
            if max((self._score(m) for m in done), default=-3.0) >= enough:
                break
            jobs = []
            for members, edits in pending[start : start + 2]:
                program = self.trials.with_edits(edits)
                if program is not None:
                    jobs.append((members, program, edits))
            trials = self.trials.run([(program, edits) for _, program, edits in jobs])
            for (members, _, edits), trial in zip(jobs, trials, strict=True):
                self.known[frozenset(edits)] = trial
                done.append(members)
        return done


def one_a_family(suspects: Sequence[Suspect]) -> list[Suspect]:
    """Weights, data and decay are mended together; a rate only when those do not help."""
    found: dict[str, Suspect] = {}
    for suspect in suspects:
        family = suspect.code[:2] if suspect.code != "T607" else "T607"
        if family in {"W3", "D4", "T607"}:
            found.setdefault(family, suspect)
    return list(found.values())


def _changes(count: int) -> str:
    return "1 change" if count == 1 else f"{count} changes"
