"""What lies on disk: planes, pictures and copies, durable or absent."""
