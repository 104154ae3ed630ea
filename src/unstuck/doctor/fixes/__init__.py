"""From a finding to a change of the source that was re-run and measured."""
