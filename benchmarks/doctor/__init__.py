"""What the doctor is judged on: programs whose faults are known, and how each answer is scored."""
