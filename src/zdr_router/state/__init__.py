"""What is known of health and of trust, in two stores that never mix."""
