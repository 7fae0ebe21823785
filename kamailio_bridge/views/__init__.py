"""The admin site's views for Kamailio besides model admins; ``kamailio_bridge.urls`` has their URLs."""
