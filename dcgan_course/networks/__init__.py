"""The parts that networks are made of: blocks, whole generators and discriminators, losses.

It offers the DCGAN paper's building blocks and the two networks made of them (`layers`), the
adversarial losses on logits (`losses`), and augmentation that gradients pass through (`augment`).
It imports only from `dcgan_course.files`, and nothing here trains.
"""
