"""The Hub as a source: over HTTP, taking up a partial file where it ends.

Not by huggingface_hub's downloader: that one deletes the partial file when it fails, so it resumes
nothing, and it bounds neither name look-ups nor redirects.
"""

import logging
import re
import threading
import time
from queue import Empty, Queue
from urllib.parse import quote, urlsplit

import httpx
from huggingface_hub import constants, get_token

from engines.models.catalogue import Model
from engines.models.job import TICK, Job, SourceFailed

log = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds that the Hub may let us wait for its next byte
ATTEMPTS = 5  # requests to a Hub that breaks off again and again


def from_hub(job: Job) -> str:
    """Fetch the rest from the Hub, asking again while each request brings something."""
    if constants.HF_HUB_OFFLINE:
        raise SourceFailed("HF_HUB_OFFLINE is set")
    host = urlsplit(constants.ENDPOINT).hostname or constants.ENDPOINT
    for attempt in range(1, ATTEMPTS + 1):
        before = job.have()
        try:
            receive(job, host)
        except SourceFailed as broken:
            if attempt == ATTEMPTS or job.have() <= before:
                raise
            log.warning("%s broke off at byte %d: %s", host, job.have(), broken)
        else:
            break
    return host


Piece = tuple[int, bytes]  # the offset in the file at which it begins, and its bytes
Inbox = Queue[Piece | SourceFailed | None]  # None: the reply has ended


def receive(job: Job, host: str) -> None:
    """Ask the Hub once for what is missing, and append it as it comes."""
    inbox: Inbox = Queue(maxsize=8)
    hung_up = threading.Event()
    # Read in a thread: a name look-up knows no time limit, and a stalled read cannot be cancelled.
    asked = (job.model, job.have(), inbox, hung_up)
    threading.Thread(target=read_reply, args=asked, daemon=True).start()
    try:
        with job.partial.open("ab") as file:
            while piece := next_piece(job, inbox):
                offset, data = piece
                if offset != file.tell():  # a server without Range begins anew at 0
                    file.truncate(offset)
                file.write(data)
                job.report(host, file.tell())
    finally:
        hung_up.set()
        while not inbox.empty():  # wakes the reader where it waits for room
            inbox.get_nowait()
    if job.have() < job.model.bytes:
        raise SourceFailed("the reply ended too early")


def next_piece(job: Job, inbox: Inbox) -> Piece | None:
    """Wait for what comes next, at most PATIENCE."""
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        job.check()
        try:
            piece = inbox.get(timeout=TICK)
        except Empty:
            continue
        if isinstance(piece, SourceFailed):
            raise piece
        return piece
    raise SourceFailed(f"nothing came for {PATIENCE:g} seconds")


def read_reply(model: Model, start: int, inbox: Inbox, hung_up: threading.Event) -> None:
    """Send the reply's bytes to `inbox` until `hung_up`, then why it ended."""
    end: SourceFailed | None = None
    url = f"{constants.ENDPOINT}/{model.repo}/resolve/main/{quote(model.file)}"
    # identity: Range counts the bytes that are sent, and these must be the file's.
    headers = {"Range": f"bytes={start}-", "Accept-Encoding": "identity"}
    try:
        token = None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        with httpx.stream(
            "GET", url, headers=headers, follow_redirects=True, timeout=PATIENCE
        ) as reply:
            offset = first_byte(reply, model, start)
            for data in reply.iter_bytes():
                inbox.put((offset, data))
                offset += len(data)
                if hung_up.is_set():
                    return
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        end = SourceFailed(str(error) or type(error).__name__)
    except SourceFailed as error:
        end = error
    inbox.put(end)


def first_byte(reply: httpx.Response, model: Model, start: int) -> int:
    """Where in the file the reply begins. Raises SourceFailed unless it is of this very file."""
    if reply.status_code not in (200, 206):
        raise SourceFailed(f"HTTP {reply.status_code} from {reply.url.host}")
    for hop in (*reply.history, reply):
        digest_there = hop.headers.get("x-linked-etag", "").strip('"')
        if digest_there not in ("", model.sha256):
            raise SourceFailed(f"another file is there, with sha256 {digest_there}")
    begin, total = 0, reply.headers.get("content-length", "unknown")
    if reply.status_code == 206:
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", reply.headers.get("content-range", ""))
        begin, total = (int(span[1]), span[2]) if span else (-1, "unknown")
    if begin not in (0, start) or total != str(model.bytes):
        raise SourceFailed(f"a file of {total} bytes is there, not of {model.bytes}")
    return begin
