"""One HTML page that shows a run or a diagnosis: pictures first, numbers behind them.

The page is one file that asks nobody for anything: styles, script and data stand inside it.
"""
