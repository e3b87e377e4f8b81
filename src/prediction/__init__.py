"""What predict.py does: photos and videos found, matted, written and reported."""
