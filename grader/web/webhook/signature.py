"""Is a delivery GitHub's? Its HMAC-SHA256 over the raw body says so (GitHub Docs, "Validating webhook deliveries")."""

import hashlib
import hmac

_PREFIX = "sha256="


def signature_of(secret: str, body: bytes) -> str:
    """What `X-Hub-Signature-256` holds for a body."""
    return _PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(secret: str, body: bytes, header: str) -> bool:
    """Whether `header` is that signature. Takes as long whatever is wrong with it."""
    return hmac.compare_digest(signature_of(secret, body).encode(), header.strip().encode())
