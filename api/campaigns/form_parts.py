"""The parts of a form: files go to temporary files, and texts are limited, because memory holds them."""

from collections import defaultdict
from collections.abc import AsyncIterator

from litestar.datastructures import UploadFile
from litestar.exceptions import ClientException
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from planrec.errors import Misfit

from ..http_request import HttpRequest
from ..parsing.request_body import values_refused

MOST_PARTS = 100
MOST_TEXT = 100_000
"Bytes of a part that is not a file."


class FormParts:
    """The parts that arrived, by name; `close` removes the temporary files."""

    def __init__(self) -> None:
        """Begin without a part."""
        self.by_name: dict[str, list[str | UploadFile]] = defaultdict(list)
        self._name = ""
        self._text = bytearray()
        self._file: UploadFile | None = None

    async def read(self, request: HttpRequest) -> None:
        """Read all parts of a request. Litestar's own reader holds texts up to the limit of the body.

        Raises:
            ClientException: the body is not a form, or a text is not UTF-8.
            RequestError: a text is too long.
            OSError: there is no room for the files.
        """
        try:
            async for event in _events(request):
                if isinstance(event, MultipartSegment):
                    self._begin(event)
                elif event is None:
                    await self._end()
                else:
                    await self._add(event)
        except (MultipartError, UnicodeDecodeError) as error:
            raise ClientException("Invalid multipart/form-data") from error

    async def close(self) -> None:
        """Close all files."""
        for parts in self.by_name.values():
            for part in parts:
                if isinstance(part, UploadFile):
                    await part.close()

    def _begin(self, head: MultipartSegment) -> None:
        self._name, self._text, self._file = head.name or "", bytearray(), None
        if head.filename:
            self._file = UploadFile(head.content_type or "text/plain", head.filename)
            self.by_name[self._name].append(self._file)

    async def _add(self, content: bytes) -> None:
        if self._file is not None:
            await self._file.write(content)
            return
        self._text += content
        if len(self._text) > MOST_TEXT:
            raise values_refused([Misfit(0, f"/{self._name}", f"must have at most {MOST_TEXT:,} bytes")])

    async def _end(self) -> None:
        if self._file is None:
            self.by_name[self._name].append(self._text.decode())
        else:
            await self._file.seek(0)


async def _events(request: HttpRequest) -> AsyncIterator[MultipartSegment | bytes | None]:
    """Yield the head of each part, its bytes, and None at its end."""
    boundary = request.content_type[1].get("boundary", "")
    with PushMultipartParser(boundary, max_segment_count=MOST_PARTS) as parser:
        async for chunk in request.stream():
            for event in parser.parse(chunk) if chunk else ():
                yield event
