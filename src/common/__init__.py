"""What every part of the program needs: files, errors, devices, processes, signals."""
