"""What a notebook shows under a cell: tables and pictures, in light and in dark."""
