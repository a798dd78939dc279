"""Doubles of model servers and of impostors: their exact answers on a real socket.

Nothing here calls anything; what a double was asked is kept as it came.
"""

from servers.double import Double, Reply, html, json_reply, plain, serving

__all__ = ["Double", "Reply", "html", "json_reply", "plain", "serving"]
