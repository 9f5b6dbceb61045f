"""Dense Block Explorer: a DenseNet block built, run and explained."""
