"""Finding out by doing what a server can: small requests, and a look at what came of them.

A name or a version says little: a server may take an option and ignore it. An engine begins with
everything in `info.cannot`; each trial allows one thing, asks for it, and keeps it if it was done.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace

from core.engine import Chunk, Feature, Message, Sampling
from core.errors import EngineDied, EngineError, EngineUnavailable
from engines.server.client import ServerEngine
from engines.server.connection import ServerSilent
from engines.url.openai import ChatServer, OpenAIServer

ASKED: tuple[Message, ...] = ({"role": "user", "content": "Tell a story about a lighthouse."},)
LENGTH = 8
HOT = 1.5
SEED = 7
SEVERAL = 3
# No model writes these by itself.
CHOICES = ("zqxj-7", "zqxk-8")
# A token with this log-probability, or a higher one, was the only one allowed.
_FORCED = -0.01
# What a server answers that does not know an option. All else is a failure of another kind.
_UNKNOWN = frozenset({400, 404, 405, 415, 422, 501})

REASONS: dict[Feature, str] = {
    "logprobs": "cannot.logprobs",
    "usage": "cannot.usage",
    "stop": "cannot.stop",
    "top_k": "cannot.top_k",
    "seed": "cannot.seed",
    "n": "cannot.n",
    "choices": "cannot.choices",
    "min_tokens": "cannot.min_tokens",
}


@dataclass(frozen=True, slots=True)
class Trial:
    """One prompt to try things on, its greedy text, and its hot ones by their seeds."""

    engine: ServerEngine
    prompt: str
    greedy: str = ""
    hot: dict[int, str] = field(default_factory=dict)


async def find_out(engine: ServerEngine) -> None:
    """Set `engine.info.cannot`, and the manner in which it is asked, by trials.

    Raises EngineError where the server makes no text at all.
    """
    engine.info = replace(engine.info, cannot={**engine.info.cannot, **REASONS})
    trial = Trial(engine, await engine.render(ASKED))
    (greedy,) = await _samples(trial, _told(max_tokens=LENGTH))
    trial = replace(trial, greedy=_text(greedy))
    if isinstance(engine, OpenAIServer):
        await _named(engine, trial)
    tests: dict[Feature, Callable[[Trial], Awaitable[bool]]] = {
        "logprobs": _tells_logprobs,
        "usage": _counts,
        "stop": _stops,
        "seed": _honours_seeds,
        "top_k": _cuts_at_k,
        "n": _makes_several,
        "choices": _keeps_to_choices,
        "min_tokens": _keeps_least_length,
    }
    for feature, test in tests.items():
        async with _allowed(engine, feature) as verdict:
            verdict.done = await _done(test(trial))
    if isinstance(engine, ChatServer):  # A judge's word would follow words of ours.
        no_choices: dict[Feature, str] = {"choices": REASONS["choices"]}
        engine.info = replace(engine.info, cannot={**engine.info.cannot, **no_choices})


@dataclass(slots=True)
class _Verdict:
    done: bool = False


@asynccontextmanager
async def _allowed(engine: ServerEngine, feature: Feature) -> AsyncIterator[_Verdict]:
    """`feature` may be asked for in the block, and after it if it was done."""
    before = engine.info
    cannot = {name: reason for name, reason in before.cannot.items() if name != feature}
    engine.info = replace(before, cannot=cannot)
    verdict = _Verdict()
    try:
        yield verdict
    finally:
        if not verdict.done:
            engine.info = before


async def _done(test: Awaitable[bool]) -> bool:
    """Whether it was done; a server that refuses the option, or chokes on it, did not do it."""
    try:
        return await test
    except (EngineUnavailable, ServerSilent):
        raise
    except EngineDied:
        return False
    except EngineError as error:
        if error.code == "engine_refused" and error.fields["status"] in _UNKNOWN:
            return False
        raise


async def _named(engine: OpenAIServer, trial: Trial) -> None:
    """Whether samplers can be named that are beyond OpenAI's, and ids of tokens asked for."""

    async def taken() -> bool:
        return bool(await _samples(trial, _told(max_tokens=1)))

    async def tells_ids() -> bool:
        (chunks,) = await _samples(trial, _told(max_tokens=LENGTH))
        return _tokens(chunks[:-1]) > 0  # At the end it may be the sum of all.

    engine.manner.named = True
    engine.manner.named = await _done(taken())
    engine.manner.ids = True
    engine.manner.ids = await _done(tells_ids())


async def _counts(trial: Trial) -> bool:
    """Sampled tokens are told, in one of several ways."""
    if isinstance(trial.engine, OpenAIServer):
        trial.engine.manner.usage = True
        trial.engine.manner.usage = await _done(_counted(trial))
    return await _counted(trial)


async def _counted(trial: Trial) -> bool:
    (chunks,) = await _samples(trial, _told(max_tokens=LENGTH))
    return 0 < _tokens(chunks) <= LENGTH


async def _tells_logprobs(trial: Trial) -> bool:
    (chunks,) = await _samples(trial, Sampling(max_tokens=LENGTH, seed=SEED, reuse=False))
    return any(chunk.logprob is not None for chunk in chunks)


async def _stops(trial: Trial) -> bool:
    """A stop string from the middle of the greedy text ends it there, and is not in it."""
    middle = len(trial.greedy) // 2
    stop = trial.greedy[middle : middle + 3]
    if not stop:
        return False
    (chunks,) = await _samples(trial, _told(max_tokens=LENGTH, stop=(stop,)))
    return _text(chunks) == trial.greedy[: trial.greedy.index(stop)]


async def _honours_seeds(trial: Trial) -> bool:
    """The same seed gives the same text, and others give others."""
    await _heat(trial)
    return await _seeded(trial, SEED) == trial.hot[SEED] and len(set(trial.hot.values())) > 1


async def _heat(trial: Trial) -> None:
    """Fill `trial.hot`."""
    for seed in range(SEED, SEED + SEVERAL):
        trial.hot[seed] = await _seeded(trial, seed)


async def _seeded(trial: Trial, seed: int, top_k: int = 0) -> str:
    (chunks,) = await _samples(trial, replace(_hot(seed), top_k=top_k))
    return _text(chunks)


async def _cuts_at_k(trial: Trial) -> bool:
    """At any temperature the first of 1 is the greedy text, and without it is not always."""
    if not trial.hot:  # Seeds were refused.
        await _heat(trial)
    cut = {await _seeded(trial, seed, top_k=1) for seed in (SEED, SEED + 1)}
    return cut == {trial.greedy} and len(set(trial.hot.values())) > 1


async def _makes_several(trial: Trial) -> bool:
    """All are made and differ, each is counted if any text is, and where seeds are honoured
    sample i has the seed + i."""
    cannot = trial.engine.info.cannot
    samples = await _samples(trial, _hot(SEED), SEVERAL)
    counted = "usage" in cannot or all(_tokens(chunks) for chunks in samples)
    texts = [_text(chunks) for chunks in samples]
    if len(set(texts)) < 2 or not counted:
        return False
    if "seed" in cannot:
        return True
    return texts == list(trial.hot.values())


async def _keeps_to_choices(trial: Trial) -> bool:
    """A text that no model would write is written, and then another; in one of two ways."""
    if not isinstance(trial.engine, OpenAIServer):
        return await _constrained(trial)
    for style in ("structured_outputs", "grammar"):
        trial.engine.manner.choices = style
        if await _done(_constrained(trial)):
            return True
    return False


async def _constrained(trial: Trial) -> bool:
    engine = trial.engine
    if isinstance(engine, OpenAIServer):
        engine.manner.raw = True
    for choice in CHOICES:
        sampling = Sampling(max_tokens=2 * len(choice), choices=(choice,), seed=SEED)
        (chunks,) = await _samples(trial, sampling)
        if _text(chunks) != choice:
            return False
    if isinstance(engine, OpenAIServer):
        logs = [chunk.logprob for chunk in chunks if chunk.logprob is not None]
        engine.manner.raw = bool(logs) and min(logs) < _FORCED
    return True


async def _keeps_least_length(trial: Trial) -> bool:
    """A stop string at the beginning of a text does not end it before its time."""
    if "stop" in trial.engine.info.cannot or not trial.greedy.strip():
        return False
    stop = trial.greedy.strip()[0]
    sampling = _told(max_tokens=LENGTH, min_tokens=LENGTH - 2, stop=(stop,))
    (chunks,) = await _samples(trial, sampling)
    return len(_text(chunks)) > len(trial.greedy) // 2


def _told(*, max_tokens: int, min_tokens: int = 0, stop: tuple[str, ...] = ()) -> Sampling:
    """A greedy text without log-probabilities."""
    return Sampling(
        max_tokens=max_tokens,
        min_tokens=min_tokens,
        stop=stop,
        seed=SEED,
        logprobs=False,
        reuse=False,
    )


def _hot(seed: int) -> Sampling:
    return Sampling(HOT, max_tokens=LENGTH, seed=seed, logprobs=False, reuse=False)


async def _samples(trial: Trial, sampling: Sampling, n: int = 1) -> list[list[Chunk]]:
    """The chunks of each sample."""
    samples: list[list[Chunk]] = [[] for _ in range(n)]
    async with aclosing(trial.engine.stream(trial.prompt, sampling, n)) as chunks:
        async for chunk in chunks:
            samples[chunk.index].append(chunk)
    return samples


def _text(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


def _tokens(chunks: list[Chunk]) -> int:
    return sum(chunk.tokens for chunk in chunks)
