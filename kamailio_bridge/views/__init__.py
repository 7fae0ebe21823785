"""What the admin site adds for Kamailio besides model admins; ``kamailio_bridge.urls`` lists the addresses."""
