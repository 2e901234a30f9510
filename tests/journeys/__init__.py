"""What Taproom promises, tried over HTTP from the customer to the money: one file a promise."""
