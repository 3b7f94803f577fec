"""The page, as it was compressed."""

from core.loading import unload
from uhttpd.refusal import Refusal


async def page(web, request):
    """The page, or that the client has it already."""
    try:
        from .page import packed
    except ImportError:
        raise Refusal(404, "page", "this image has no page; the API is at /api/")
    unload("components.web.page.packed")
    unload("components.web.page")
    fields = (
        ("ETag", packed.ETAG),
        ("Cache-Control", "no-cache"),
        ("Content-Security-Policy", packed.CSP),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    )
    if request.fields.get("if-none-match") == packed.ETAG:
        await request.answer(304, b"", "", fields)
        return
    await request.answer(200, packed.PAGE, "text/html; charset=utf-8", (("Content-Encoding", "gzip"),) + fields)
