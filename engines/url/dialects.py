"""Which dialect a server speaks: what it answers decides, not what it calls itself."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import TypeVar

from core.engine import EngineInfo, Feature
from core.errors import EngineDied, EngineError, EngineUnavailable
from engines.llamacpp.dialect import LlamaServer
from engines.models.catalogue import delimiters
from engines.server.admission import Admission
from engines.server.client import ServerEngine
from engines.server.connection import Connection, ServerSilent
from engines.server.sse import Object, parse, part
from engines.url.openai import EXAMPLE, ChatServer, OpenAIServer, VllmServer

T = TypeVar("T")

_MISSING = frozenset({400, 403, 404, 405, 415, 422, 501})
_CHAT: dict[Feature, str] = {"continue": "cannot.continue", "count": "cannot.count"}


async def engine_at(connection: Connection, host: str, model: str = "") -> ServerEngine:
    """An engine in the dialect of the server at `connection`, for `model` or the first one there.

    What it can do beyond continuing text is not known yet. Raises EngineUnavailable
    ("server_model", "server_template"), and as Connection does.
    """
    listed = part(parse(await connection.get("/v1/models")), "data", list)
    models = {part(one, "id", str): one for one in listed}
    if not models or (model and model not in models):
        known = ", ".join(models)[:300]
        raise EngineUnavailable("server_model", given=model or "–", host=host, known=known or "–")
    name = model or next(iter(models))
    info = EngineInfo(name, "", host, _context(models[name]), delimiters(name))
    if not await _continues(connection, name):
        return await _chat(connection, info)
    return await _of_text(connection, info) or await _chat(connection, info)


async def _continues(connection: Connection, model: str) -> bool:
    """Whether it makes completions of a text."""
    body: Object = {"model": model, "prompt": "The", "max_tokens": 1, "temperature": 0}
    return await _got(connection.post("/v1/completions", body)) is not None


async def _of_text(connection: Connection, info: EngineInfo) -> ServerEngine | None:
    """An engine that continues rendered chats; None where they cannot be rendered exactly."""
    if (llama := await _got(_llama(connection, info))) is not None:
        return llama
    vllm = VllmServer(connection, replace(info, engine="vLLM"))
    if await _got(vllm.exact()):
        tells = await connection.post("/tokenize", {"model": info.model, "prompt": "a"})
        context = tells.get("max_model_len")
        known = context if isinstance(context, int) else info.context
        vllm.info = replace(vllm.info, context=known)
        vllm.info = replace(vllm.info, special_tokens=await vllm.special_tokens())
        await vllm.learn_block()
        return vllm
    plain = OpenAIServer(
        connection, replace(info, engine="OpenAI API", cannot={"count": "cannot.count"})
    )
    return plain if await _got(plain.render(EXAMPLE)) is not None else None


async def _llama(connection: Connection, info: EngineInfo) -> LlamaServer:
    """Raises EngineError, or EngineDied, where it is no llama.cpp that tells what is needed."""
    props = parse(await connection.get("/props"))
    context = part(part(props, "default_generation_settings", dict), "n_ctx", int)
    slots = part(props, "total_slots", int)
    # How the slots share their memory is not told: a pool of one slot's context is always there.
    # It calls its model by the path of its file, unless it was told a name.
    name = info.model.replace("\\", "/").rsplit("/", 1)[-1]
    told = replace(info, model=name, engine="llama.cpp", context=context)
    engine = LlamaServer(connection, told, Admission(slots, context))
    await engine.learn_bos()
    engine.info = replace(engine.info, special_tokens=await engine.special_tokens())
    return engine


async def _chat(connection: Connection, info: EngineInfo) -> ChatServer:
    """Raises EngineUnavailable where it takes no chats either."""
    engine = ChatServer(connection, replace(info, engine="OpenAI chat", cannot=dict(_CHAT)))
    asked: Object = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
    answer = connection.post("/v1/chat/completions", asked | {"model": info.model})
    if await _got(answer) is None:
        raise EngineUnavailable("server_template", host=info.device)
    return engine


async def _got(answer: Awaitable[T]) -> T | None:
    """The answer, or None where the server has nothing like it. Raises for other failures."""
    try:
        return await answer
    except ServerSilent:
        raise
    except EngineDied:
        return None
    except EngineError as error:
        if error.code == "engine_refused" and error.fields["status"] in _MISSING:
            return None
        raise


def _context(model: Object) -> int:
    """The most tokens of a text, by the names that servers have for it; 0 where none tells."""
    for name in ("max_model_len", "context_length", "context_window"):
        if isinstance(model.get(name), int):
            return int(model[name])
    return 0
