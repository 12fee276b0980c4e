"""What people read: status, report, errors, tables and logs."""
