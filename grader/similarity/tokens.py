"""Python as tokens without what is easily changed: layout, comments, strings, numbers, and names that are one's own.

What a library calls things stays (`Conv2d`, `max_pool2d`): it says what is done. A name that the submission itself
gives to anything is the same as any other such name.
"""

import ast
import tokenize
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO

from grader.intake.source import Cell, Source
from grader.model.similarity import TokenText

MOST_TOKENS = 20_000  # of a submission; a usual one has some thousand
_PRIVATE_USE = 0xF0000  # Unicode's plane 15: characters that no token is
_WORDS = 0xFFFD
_NAME, _NUMBER, _STRING = "V", "N", "S"
_SKIPPED = frozenset({
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
    tokenize.ENCODING, tokenize.TYPE_COMMENT,
})  # fmt: skip


def token_texts(sources: Iterable[Source]) -> tuple[tuple[TokenText, ...], bool]:
    """The tokens of every cell and file, and whether some were left out because there were too many."""
    cells = list(dict.fromkeys(cell for source in sources for cell in source.cells))
    own = _Given.by([cell.tree for cell in cells])
    texts: list[TokenText] = []
    left = MOST_TOKENS
    for cell in cells:
        text, cut = _text(cell, own, left)
        if text.tokens:
            texts.append(text)
        if cut:
            return tuple(texts), True
        left -= len(text.tokens)
    return tuple(texts), False


@dataclass(frozen=True)
class _Given:
    """What the code itself names. `optimizer.step` stays a library's even where a variable is called `step`."""

    names: frozenset[str]  # variables, functions, classes, arguments, `import … as`
    attributes: frozenset[str]  # functions, and attributes that are set

    @classmethod
    def by(cls, trees: Iterable[ast.Module]) -> "_Given":
        names, attributes = set(), set()
        for node in (node for tree in trees for node in ast.walk(tree)):
            match node:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    names.add(name)
                    attributes.add(name)
                case ast.Attribute(attr=name, ctx=ast.Store()):
                    attributes.add(name)
                case ast.Name(id=name, ctx=ast.Store()) | ast.ClassDef(name=name) | ast.arg(arg=name):
                    names.add(name)
                case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
                    names.add(name)
        return cls(frozenset(names), frozenset(attributes))


def _text(cell: Cell, own: _Given, most: int) -> tuple[TokenText, bool]:
    tokens: list[str] = []
    lines: list[tuple[int, int]] = []
    cut = False
    documentation = _documentation(cell.tree)
    for number, character in _characters(cell.source, own):
        if number in documentation:
            continue
        if len(tokens) == most:
            cut = True
            break
        if not lines or lines[-1][1] != number:
            lines.append((len(tokens), number))
        tokens.append(character)
    file = cell.file.encode("utf-8", "replace").decode()  # a name that is no UTF-8 can't be kept
    return TokenText(file=file, cell=cell.index, tokens="".join(tokens), lines=tuple(lines)), cut


def _documentation(tree: ast.Module) -> frozenset[int]:
    """The lines of texts that are computed and thrown away: docstrings."""
    return frozenset(
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    )


def _characters(source: str, own: _Given) -> Iterator[tuple[int, str]]:
    """(line, character) of each token that counts. A source that the tokenizer stops at ends there."""
    after_dot = False
    depth = 0  # within an f-string, which Python 3.12 takes apart and earlier ones do not
    begin, end = getattr(tokenize, "FSTRING_START", -1), getattr(tokenize, "FSTRING_END", -1)
    try:
        for token in tokenize.generate_tokens(StringIO(source).readline):
            if token.type == end:
                depth -= 1
                continue
            if depth == 0 and token.type not in _SKIPPED:
                yield token.start[0], _character(token, own.attributes if after_dot else own.names, begin)
                after_dot = token.string == "."
            depth += token.type == begin
    except (tokenize.TokenError, SyntaxError):
        return


def _character(token: tokenize.TokenInfo, own: frozenset[str], fstring: int) -> str:
    if token.type == tokenize.NUMBER:
        return _NUMBER
    if token.type in (tokenize.STRING, fstring):
        return _STRING
    if token.type == tokenize.NAME and token.string in own:
        return _NAME
    return chr(_PRIVATE_USE + zlib.crc32(token.string.encode()) % _WORDS)
