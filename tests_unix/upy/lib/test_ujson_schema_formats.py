from core.isotime import parse_utc
from ujson_schema.formats import is_date_time, is_uri

DATE_TIMES = """
2024-02-29T12:34:56Z
2024-02-29T12:34:56.7Z
2024-02-29T12:34:56.789123456Z
2024-02-29T12:34:56+01:00
2024-02-29T12:34:56.5-11:30
2024-02-29T12:34:56+0100
2024-02-29T12:34:56
2024-02-29T12:34:56.123
2024-02-29t12:34:56z
2000-02-29T00:00:00Z
2024-12-31T23:59:60Z
""".split()

NO_DATE_TIMES = """
2024-02-29
2024-02-29T12:34Z
2024-02-29T12:34:5Z
2023-02-29T12:34:56Z
2100-02-29T12:34:56Z
2024-02-30T12:34:56Z
2024-04-31T12:34:56Z
2024-00-01T12:34:56Z
2024-13-01T12:34:56Z
2024-01-00T12:34:56Z
2024-01-32T12:34:56Z
2024-01-01T24:00:00Z
2024-01-01T12:60:00Z
2024-01-01T12:34:61Z
2024-01-01T12:34:56.Z
2024-01-01T12:34:56,5Z
2024-01-01T12:34:56X
2024-01-01T12:34:56ZZ
2024-01-01T12:34:56Z+01:00
2024-01-01T12:34:56+1:00
2024-01-01T12:34:56+01
2024-01-01T12:34:56+24:00
2024-01-01T12:34:56+01:60
2024-01-01T12:34:56+01-00
2024-01-01X12:34:56Z
2024/01/01T12:34:56Z
+024-01-01T12:34:56Z
2024-01-01T12:34:-6Z
٢٠٢٤-01-01T12:34:56Z
20240101T123456Z
today
""".split()


def test_date_time():
    for text in DATE_TIMES + ["2024-02-29 12:34:56Z"]:
        assert is_date_time(text), text
        parse_utc(text)  # what the format lets in, the clock can read
    for text in NO_DATE_TIMES + ["", " " * 30, "2024-01-01T12:34:56 Z", "2024-01-01T12:34:56Z\n"]:
        assert not is_date_time(text), text


def test_every_character_of_a_date_time_counts():
    text = "2024-02-28T12:34:56.7+01:00"
    for i in range(len(text)):
        for wrong in ("x", "ü", "\x00"):
            assert not is_date_time(text[:i] + wrong + text[i + 1 :]), (i, wrong)


def test_uri():
    for text in (
        "http://example.com/a.bin",
        "https://user:pw@[::1]:8080/x?y=z#f",
        "ftp://10.0.0.1/d",
        "urn:x",
        "a+b-c.1:x",
        "http://a/%20",
    ):
        assert is_uri(text), text
    for text in ("", ":", "http:", "example.com/a", "/a:b", "1http://a", "ht tp://a", "http://a b", "http://ä", "h:\n"):
        assert not is_uri(text), text
