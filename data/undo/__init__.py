"""Taking back one's last change, whatever noun it was about."""
