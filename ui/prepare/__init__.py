"""The guided page: from the bare wafer to the route, in six steps."""
