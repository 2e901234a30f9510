"""What goes in and out of the CRM's API: types here, rules in the operations."""
