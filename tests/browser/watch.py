"""Watches a window: what it asked of the network, what its console complained of, and what its
Content-Security-Policy refused.
"""

WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.refused.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
OURS = ("file:", "data:", "blob:", "about:")


class Watch:
    """What happened in one page since it was made."""

    def __init__(self, page):
        self.page = page
        self.requests, self.errors = [], []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._said)
        page.on("dialog", self._asked)

    def _said(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    def _asked(self, dialog):
        self.errors.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def fetched(self):
        """The addresses that were asked for outside of the page's own file."""
        opened = [url for url in self.requests if url.startswith("file:")]
        others = [url for url in self.requests if not url.startswith(OURS)]
        return others + [url for url in opened if not url.endswith(".html")]

    def refused(self):
        """What the page's policy kept from happening."""
        if self.page.url == "about:blank":
            return []
        return self.page.evaluate("() => window.refused")

    def complained(self):
        """What the console said of errors."""
        return self.errors

    def assert_clean(self):
        """Nothing was asked for, nothing refused, nothing complained of."""
        for what in ("fetched", "refused", "complained"):
            found = getattr(self, what)()
            assert found == [], f"{what}: {found}"


def until(page, expression, tries=200):
    """Wait for an expression in the page. Playwright's own way evaluates text, which the policy of
    our pages refuses.
    """
    for _ in range(tries):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"never true: {expression}")
