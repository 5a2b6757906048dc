"""Working days by China's official calendar."""
