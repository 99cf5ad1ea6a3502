"""The parts that GANs are made of: layers, whole generators and discriminators, losses.

This room may import only from the modules below all rooms, and nothing in it trains. It offers
the DCGAN paper's building blocks and the networks built from them (`layers`), the adversarial
losses on logits (`losses`), and differentiable augmentation (`augment`).
"""
