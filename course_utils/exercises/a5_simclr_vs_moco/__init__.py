"""Assignment 5: the losses of SimCLR and MoCo, queue, momentum encoder and linear probe."""
