"""What people see: tables and lines."""
