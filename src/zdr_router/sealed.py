"""How content travels: in a wrapper that shows only its kind and size, whatever looks at it."""

from __future__ import annotations

from typing import Generic, NoReturn, SupportsIndex, TypeVar

T = TypeVar("T")


class Sealed(Generic[T]):
    """Content that no log, error tracker, debugger print or serialiser can read by accident.

    `open()` is the one way in. `repr`, `str` and `format` give kind and size; copying gives the same
    object; pickling is an error. It guards against accidents, not against code that calls `open()`.
    """

    __slots__ = ("__content", "__weakref__")

    def __init__(self, content: T) -> None:
        """Take hold of `content`; nothing is copied."""
        self.__content = content

    def open(self) -> T:
        """The content itself."""
        return self.__content

    def __repr__(self) -> str:
        """Kind and size: `<sealed dict, 3 items>`."""
        return f"<sealed {describe(self.__content)}>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """As `repr`, whatever is asked for."""
        return repr(self)

    def __copy__(self) -> Sealed[T]:
        """Itself: content is never duplicated."""
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Sealed[T]:
        """Itself: content is never duplicated."""
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        """Refuse: what is pickled outlives the call."""
        message = "sealed content cannot be pickled: it must not outlive the call"
        raise TypeError(message)


def describe(content: object) -> str:
    """Say kind and size of `content`, never what is in it."""
    kind = type(content).__name__
    if isinstance(content, str):
        return f"{kind}, {len(content)} characters"
    if isinstance(content, (bytes, bytearray, memoryview)):
        return f"{kind}, {len(content)} bytes"
    if isinstance(content, (dict, list, tuple, set, frozenset)):
        return f"{kind}, {len(content)} items"
    return kind
