"""What every idea needs: training, its steps and progress, encoders, metrics, devices."""
