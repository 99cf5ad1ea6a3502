"""When the explorer draws, and what it can undo."""

import asyncio
import time


class Later:
    """Calls a function once for many requests. Without an event loop, it calls at once.

    Args:
        action: the function.
        seconds: from a request to the call.
        pause: True waits until there have been no requests for so long; False counts from the
            first one, so that the calls go on while requests come in.
    """

    def __init__(self, action, seconds, *, pause=False):
        self._action, self._seconds, self._pause, self._waiting = action, seconds, pause, None

    def ask(self):
        """Ask for a call."""
        if self._waiting:
            if not self._pause:
                return
            self._waiting.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # not in a notebook
            self._call()
            return
        self._waiting = loop.call_later(self._seconds, self._call)

    def _call(self):
        self._waiting = None
        self._action()


class History:
    """States to which an undo returns.

    Args:
        limit: how many are kept.
    """

    def __init__(self, limit=100):
        self._states, self._limit, self._last = [], limit, (None, 0.0)

    def remember(self, state, control):
        """Keep the state before a change; one drag of a control is one change."""
        last, when = self._last
        now = time.monotonic()
        if control != last or now - when > 1.0:
            self._states.append(state)
            del self._states[: -self._limit]
        self._last = (control, now)

    def back(self):
        """Take out the newest state; None if there is none."""
        self._last = (None, 0.0)
        return self._states.pop() if self._states else None
