"""The sections of the page: one module each, which prepares what its template and script show."""
