"""What people and programs do in the CRM; each runs in the scope of its company."""
